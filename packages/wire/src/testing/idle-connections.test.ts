import { expect, test } from "vitest";
import { measureIdleConnections } from "./idle-connections.ts";

test("hundreds of idle connections cost the server little each, and nothing when they are gone", async () => {
  const report = await measureIdleConnections(600);
  expect(report.connections).toBe(600);
  expect(report.connectionsAfter).toBe(0);
  // A read buffer of 64 KiB for each would show; figures of a process as a whole are coarse.
  expect(report.bytesPerConnection).toBeLessThan(48 * 1024);
  expect(report.answerMs).toBeLessThan(5_000);
});
