import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { identityOf, isRunning, systemClock } from "@modelyard/core";
import { describe, expect, it, onTestFinished } from "vitest";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { type FolderLock, lockFolder } from "./folder-lock.ts";
import { pidsOf, readLockRecord, writeLockRecord } from "./lock-record.ts";

const clock = systemClock();

async function held(dir: string): Promise<FolderLock> {
  const lock = await lockFolder(dir, { clock });
  onTestFinished(() => lock.release());
  return lock;
}

const deadSupervisor = { pid: 2 ** 22 + 1, startTime: "1", bootId: "an earlier boot" };

describe("lockFolder()", () => {
  it("writes who holds the folder, and removes it when it is given up", async () => {
    const dir = temporaryFolder();
    const lock = await held(dir);
    expect(readLockRecord(dir)?.supervisor).toEqual(identityOf(process.pid));
    lock.release();
    lock.release();
    expect(existsSync(join(dir, "lock"))).toBe(false);
  });

  it("refuses a second holder and names the first with its addresses", async () => {
    const dir = temporaryFolder();
    const lock = await held(dir);
    lock.update({ data: "http://127.0.0.1:8033", control: "http://127.0.0.1:8043" });
    await expect(lockFolder(dir, { clock })).rejects.toMatchObject({
      reason: "DATA_FOLDER_LOCKED",
      message: expect.stringMatching(new RegExp(`pid ${process.pid}.*data http://127.0.0.1:8033, control http://127.0.0.1:8043`)),
    });
    lock.release();
    await held(dir);
  });

  it("takes over the lock of a holder that is dead", async () => {
    const dir = temporaryFolder();
    writeLockRecord(dir, { supervisor: deadSupervisor, startedAt: "", children: [] });
    await held(dir);
    expect(readLockRecord(dir)?.supervisor.pid).toBe(process.pid);
  });

  it("takes over a lock that cannot be read", async () => {
    const dir = temporaryFolder();
    writeFileSync(join(dir, "lock"), "{");
    await held(dir);
    expect(JSON.parse(readFileSync(join(dir, "lock"), "utf8"))).toMatchObject({ supervisor: { pid: process.pid } });
  });

  it("leaves the children of a holder that lives alone, as the folder is a copy of the one that it holds", async () => {
    const dir = temporaryFolder();
    const [holder, child] = ["60", "60"].map((seconds) => spawn("sleep", [seconds], { stdio: "ignore" }));
    onTestFinished(() => [holder, child].forEach((one) => void one?.kill("SIGKILL")));
    const [supervisor, left] = [holder, child].map((one) => identityOf(one?.pid ?? 0));
    if (!supervisor || !left) throw new Error("running processes have identities");
    writeLockRecord(dir, { supervisor, startedAt: "", children: [{ ...left, role: "serving" }] });
    await held(dir);
    expect(isRunning(left)).toBe(true);
    expect(readLockRecord(dir)?.supervisor.pid).toBe(process.pid);
  });

  it("waits for the children of a dead holder, then ends exactly those that are left", async () => {
    const dir = temporaryFolder();
    const [left, stranger] = ["60", "60"].map((seconds) => spawn("sleep", [seconds], { stdio: "ignore" }));
    onTestFinished(() => [left, stranger].forEach((child) => void child?.kill("SIGKILL")));
    const [leftIdentity, strangerIdentity] = [left, stranger].map((child) => identityOf(child?.pid ?? 0));
    if (!leftIdentity || !strangerIdentity) throw new Error("running processes have identities");
    writeLockRecord(dir, {
      supervisor: deadSupervisor,
      startedAt: "",
      children: [
        { ...leftIdentity, role: "serving" },
        // Its pid was reused since: another start time.
        { ...strangerIdentity, startTime: "1", role: "control" },
      ],
    });
    const startedMs = clock.monotonicMs();
    await held(dir);
    expect(clock.monotonicMs() - startedMs).toBeGreaterThanOrEqual(4_900);
    expect(isRunning(leftIdentity)).toBe(false);
    expect(isRunning(strangerIdentity)).toBe(true);
  });
});

describe("pidsOf()", () => {
  it("gives the pids by role, and the one process for all roles of an embedded server", () => {
    const supervisor = { pid: 1, startTime: "1", bootId: "b" };
    const child = (pid: number, role: "control" | "serving"): object => ({ pid, role, startTime: "1", bootId: "b" });
    const dir = temporaryFolder();
    writeFileSync(
      join(dir, "lock"),
      JSON.stringify({ supervisor, children: [child(2, "control"), child(3, "serving"), child(4, "serving")] }),
    );
    const record = readLockRecord(dir);
    if (!record) throw new Error("the record can be read");
    expect(pidsOf(record)).toEqual({ supervisor: 1, control: 2, serving: [3, 4] });
    expect(pidsOf({ supervisor, startedAt: "", children: [] })).toEqual({ supervisor: 1, control: 1, serving: [1] });
  });
});
