import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { isRunning, processIdentity } from "./process-identity.ts";

test("processIdentity() names this process with its start time", () => {
  const identity = processIdentity(process.pid);
  expect(identity?.pid).toBe(process.pid);
  if (process.platform === "linux") expect(identity?.startTime).toMatch(/^\d+$/);
});

test("isRunning() is true while a child runs and false once it has ended", async () => {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  await once(child, "spawn");
  const identity = processIdentity(child.pid ?? -1);
  expect(identity && isRunning(identity)).toBe(true);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(identity && isRunning(identity)).toBe(false);
});

test("isRunning() is false for a reused pid", () => {
  const identity = processIdentity(process.pid);
  expect(identity && isRunning({ ...identity, startTime: "1" })).toBe(process.platform !== "linux");
});
