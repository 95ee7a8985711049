import { createServer } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { describePortOwner } from "./port-owner.ts";

describe("describePortOwner()", () => {
  it.runIf(process.platform === "linux")("names the process that listens on the port", async () => {
    const server = createServer();
    onTestFinished(() => void server.close());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address ? address.port : 0;
    expect(describePortOwner(port)).toMatch(new RegExp(`^process ${process.pid} \\(.+\\)$`));
  });

  it("speaks of another process when it cannot find out", () => {
    expect(describePortOwner(1)).toBe("another process");
  });
});
