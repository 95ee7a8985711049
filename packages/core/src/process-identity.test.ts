import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { identityOf, isRunning, killExactly, parseIdentity } from "./process-identity.ts";

function sleeper(): ReturnType<typeof spawn> {
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

describe("identityOf()", () => {
  it("tells a running process from one that has ended", async () => {
    const child = sleeper();
    const identity = identityOf(child.pid ?? 0);
    if (!identity) throw new Error("a running process has an identity");
    expect(isRunning(identity)).toBe(true);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(isRunning(identity)).toBe(false);
    expect(identityOf(identity.pid)).toBeUndefined();
  });

  it("is undefined for a pid nobody has", () => {
    expect(identityOf(2 ** 22 + 1)).toBeUndefined();
  });
});

describe("isRunning()", () => {
  it("is false for the same pid with another start time or of another boot", () => {
    const own = identityOf(process.pid);
    if (!own) throw new Error("this process has an identity");
    expect(isRunning(own)).toBe(true);
    expect(isRunning({ ...own, startTime: "1" })).toBe(false);
    expect(isRunning({ ...own, bootId: "another" })).toBe(false);
  });
});

describe("killExactly()", () => {
  it("leaves a process alone that only has the same pid", async () => {
    const child = sleeper();
    const identity = identityOf(child.pid ?? 0);
    if (!identity) throw new Error("a running process has an identity");
    killExactly({ ...identity, startTime: "1" });
    expect(isRunning(identity)).toBe(true);
    killExactly(identity);
    await vi.waitFor(() => expect(isRunning(identity)).toBe(false));
  });
});

describe("parseIdentity()", () => {
  it("takes what JSON made of an identity and nothing else", () => {
    const own = identityOf(process.pid);
    expect(parseIdentity(JSON.parse(JSON.stringify(own)))).toEqual(own);
    for (const value of [null, 1, {}, { pid: "1", startTime: "2", bootId: "3" }, { pid: 1.5, startTime: "2", bootId: "3" }]) {
      expect(parseIdentity(value)).toBeUndefined();
    }
  });
});
