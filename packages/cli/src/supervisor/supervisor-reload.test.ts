import { once } from "node:events";
import { identityOf, isRunning, type ProcessIdentity } from "@modelyard/core";
import { recordedLog } from "@modelyard/core/testing";
import { describe, expect, it, vi } from "vitest";
import { client, closed, pidBehind, servingPid, servingPids, supervised } from "../testing/fake-supervised.ts";
import type { Supervisor } from "./supervisor.ts";

function servingOf(supervisor: Supervisor): readonly (ProcessIdentity | undefined)[] {
  return supervisor.pids().serving.map((pid) => identityOf(pid));
}

function areRunning(processes: readonly (ProcessIdentity | undefined)[]): readonly boolean[] {
  return processes.map((one) => one !== undefined && isRunning(one));
}

async function bothReady(supervisor: Supervisor): Promise<void> {
  await supervisor.ready;
  await vi.waitFor(() => expect(supervisor.pids().serving).toHaveLength(2), 10_000);
}

describe("a supervisor that is asked to reload", () => {
  it("replaces every serving process, in slots that are free, and leaves control alone", async () => {
    const slots: number[] = [];
    const serving = (slot: number): object => {
      slots.push(slot);
      return {};
    };
    const supervisor = await supervised({ servingProcesses: 2, serving });
    await bothReady(supervisor);
    const [{ control }, first] = [supervisor.pids(), servingOf(supervisor)];
    await supervisor.reload();
    const second = servingOf(supervisor);
    expect([...areRunning(first), ...areRunning(second)]).toEqual([false, false, true, true]);
    expect(slots).toEqual([0, 1, 2, 3]);
    await supervisor.reload();
    expect([...areRunning(second), ...areRunning(servingOf(supervisor))]).toEqual([false, false, true, true]);
    expect(slots).toEqual([0, 1, 2, 3, 0, 1]);
    expect(supervisor.pids().control).toBe(control);
  });

  it("hands new connections to the new process, while those of the old one stay with it until it ends", async () => {
    const supervisor = await supervised({ serving: () => ({ stopDelayMs: 700 }) });
    const { data, pids } = await supervisor.ready;
    const early = client(data);
    expect(await pidBehind(early)).toBe(pids.serving[0]);
    const reload = supervisor.reload();
    await vi.waitFor(async () => expect(await pidBehind(client(data))).not.toBe(pids.serving[0]), { timeout: 10_000, interval: 5 });
    expect(await pidBehind(early)).toBe(pids.serving[0]);
    expect(supervisor.pids().serving).toHaveLength(2);
    await Promise.all([closed(early), reload]);
    expect(supervisor.pids().serving).toEqual([await pidBehind(client(data))]);
  });

  it.each([
    ["ends before it is ready", "exit", "it ended with status 7 before it was ready"],
    ["reports that it cannot start", "fail", "is in use by h"],
    ["does not become ready in time", "idle", "it ended with SIGKILL before it was ready"],
  ])("stops a new process that %s, says why, and keeps the old one", async (_, mode, why) => {
    let starts = 0;
    const serving = (): object => ({ mode: ++starts === 2 ? mode : "serve" });
    const { log, records } = recordedLog();
    const supervisor = await supervised({ serving, log, heartbeat: { everyMs: 20, startMs: 2_000 } });
    const { data, pids } = await supervisor.ready;
    await supervisor.reload();
    expect(supervisor.pids()).toEqual(pids);
    expect(await pidBehind(client(data))).toBe(pids.serving[0]);
    expect(records).toContainEqual(
      expect.objectContaining({ level: "error", error: expect.objectContaining({ message: expect.stringContaining(why) }) }),
    );
    expect(starts).toBe(2);
    await supervisor.reload();
    expect(await servingPid(supervisor, pids.serving[0])).toBe(await pidBehind(client(data)));
  });

  it("leaves the others as they are when one cannot be replaced", async () => {
    const serving = (slot: number): object => ({ mode: slot === 2 ? "exit" : "serve" });
    const supervisor = await supervised({ servingProcesses: 2, serving });
    await bothReady(supervisor);
    const before = servingOf(supervisor);
    await supervisor.reload();
    expect(areRunning(before)).toEqual([true, true]);
  });

  it("reloads once more for all that was asked during a reload", async () => {
    let starts = 0;
    const supervisor = await supervised({ serving: () => ({ starts: ++starts }) });
    await Promise.all(Array.from({ length: 5 }, () => supervisor.reload()));
    expect(starts).toBe(3);
    expect(supervisor.pids().serving).toHaveLength(1);
  });

  it("keeps the new process running as it did the old one", async () => {
    const supervisor = await supervised();
    const { data } = await supervisor.ready;
    await supervisor.reload();
    const [pid = 0] = supervisor.pids().serving;
    process.kill(pid, "SIGKILL");
    expect(await servingPid(supervisor, pid)).toBe(await pidBehind(client(data)));
  });

  it("ends the old and the new process when it is closed before the new one is ready", async () => {
    let starts = 0;
    const supervisor = await supervised({ serving: () => ({ mode: ++starts === 1 ? "serve" : "idle" }) });
    await supervisor.ready;
    const reload = supervisor.reload();
    await bothReady(supervisor);
    const both = servingOf(supervisor);
    await supervisor.close();
    await reload;
    expect(areRunning(both)).toEqual([false, false]);
    expect(starts).toBe(2);
  });

  it("ends the old and the new process when it is closed while the old one drains", async () => {
    const supervisor = await supervised({ serving: (slot) => ({ stopDelayMs: slot === 0 ? 60_000 : 0 }), drainLimitMs: 500 });
    const { data, pids } = await supervisor.ready;
    const reload = supervisor.reload();
    await vi.waitFor(async () => expect(await pidBehind(client(data))).not.toBe(pids.serving[0]), { timeout: 10_000, interval: 5 });
    const both = servingOf(supervisor);
    expect(both).toHaveLength(2);
    await supervisor.close();
    await reload;
    expect(areRunning(both)).toEqual([false, false]);
  });

  it("lets the new process answer a connection that the old one had not accepted", async () => {
    const supervisor = await supervised({ drainLimitMs: 0 });
    const { data, pids } = await supervisor.ready;
    const [pid = 0] = pids.serving;
    process.kill(pid, "SIGSTOP");
    const socket = client(data);
    await once(socket, "connect");
    const answer = pidBehind(socket);
    await supervisor.reload();
    expect(await answer).toBe(supervisor.pids().serving[0]);
  });

  it("hands over the connections that were on their way to several processes when those were told to drain", async () => {
    // They read their channels no more for a moment, and then go on: what was sent to one before it was told to stop arrives late.
    const supervisor = await supervised({ servingProcesses: 2, serving: () => ({ stopDelayMs: 300 }) });
    const { data } = await supervisor.ready;
    const pids = await servingPids(data, 2);
    for (const pid of pids) process.kill(pid, "SIGSTOP");
    const sockets = pids.map(() => client(data));
    await Promise.all(sockets.map((socket) => once(socket, "connect")));
    const answers = sockets.map((socket) => pidBehind(socket));
    const reload = supervisor.reload();
    await vi.waitFor(async () => expect(pids).not.toContain(await pidBehind(client(data))), { timeout: 10_000, interval: 5 });
    for (const pid of pids) process.kill(pid, "SIGCONT");
    expect(new Set(await Promise.all(answers))).toEqual(new Set(pids));
    await reload;
  });

  it("does nothing when the server could not be started", async () => {
    const supervisor = await supervised({ serving: () => ({ mode: "exit" }) });
    const reload = supervisor.reload();
    await expect(supervisor.ready).rejects.toMatchObject({ reason: "PROGRAM_FAILED" });
    await reload;
  });
});
