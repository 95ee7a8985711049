import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { identityOf, isRunning } from "@modelyard/core";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { client, closed, pidBehind, servingPid, servingPids, supervised } from "../testing/fake-supervised.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";

async function connected(dataUrl: string): Promise<Socket> {
  const socket = client(dataUrl);
  await Promise.race([once(socket, "connect"), closed(socket).then(() => Promise.reject(new Error("the connection was refused")))]);
  return socket;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address ? address.port : 0;
}

describe("a supervisor", () => {
  it("says with which addresses and processes it is ready", async () => {
    const supervisor = await supervised({ servingProcesses: 2 });
    const facts = await supervisor.ready;
    expect(facts.data).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(facts.pids.supervisor).toBe(process.pid);
    await vi.waitFor(() => expect(supervisor.pids().serving).toHaveLength(2));
    expect(await (await fetch(facts.control)).text()).toBe(String(facts.pids.control));
  });

  it("hands each connection to the process with the fewest", async () => {
    const supervisor = await supervised({ servingProcesses: 2 });
    const { data } = await supervisor.ready;
    const sockets = Array.from({ length: 20 }, () => client(data));
    const pids = await Promise.all(sockets.map((socket) => pidBehind(socket)));
    const [first, second] = supervisor.pids().serving;
    const of = (pid: number | undefined): Socket[] => sockets.filter((_, index) => pids[index] === pid);
    expect(of(first).length + of(second).length).toBe(20);
    // The two are counted from when they are ready, which one may be a moment before the other; then a closed connection counts no more.
    for (const socket of of(first)) socket.destroy();
    await vi.waitFor(async () => expect(await pidBehind(client(data))).toBe(first));
  });

  it("lets connections wait while no process is ready, and answers them then", async () => {
    const supervisor = await supervised();
    const { data, pids } = await supervisor.ready;
    process.kill(pids.serving[0] ?? 0, "SIGKILL");
    await vi.waitFor(() => expect(supervisor.pids().serving).toEqual([process.pid]), { interval: 1 });
    const answers = await Promise.all(Array.from({ length: 8 }, () => pidBehind(client(data))));
    expect(new Set(answers)).toEqual(new Set([await servingPid(supervisor, pids.serving[0])]));
  });

  it("lets connections wait before a process is ready for the first time", async () => {
    const port = await freePort();
    const supervisor = await supervised({ port, serving: () => ({ readyDelayMs: 1_000 }) });
    const socket = await vi.waitFor(() => connected(`http://127.0.0.1:${port}`), { timeout: 10_000, interval: 5 });
    expect(await Promise.race([supervisor.ready.then(() => "ready"), delay(0, "not ready")])).toBe("not ready");
    expect(await pidBehind(socket)).toBe(supervisor.pids().serving[0]);
  });

  it("lets the next process answer a connection that the only one had not accepted when it died", async () => {
    const supervisor = await supervised();
    const { data, pids } = await supervisor.ready;
    const pid = pids.serving[0] ?? 0;
    process.kill(pid, "SIGSTOP");
    const socket = client(data);
    await once(socket, "connect");
    const answer = pidBehind(socket);
    process.kill(pid, "SIGKILL");
    expect(await answer).toBe(await servingPid(supervisor, pid));
  });

  it("closes a connection that was on its way to one of several processes when that died", async () => {
    const supervisor = await supervised({ servingProcesses: 2 });
    const { data } = await supervisor.ready;
    const pids = await servingPids(data, 2);
    // They live, but take nothing any more: what is handed to them stays in the channel.
    for (const pid of pids) process.kill(pid, "SIGSTOP");
    const sockets = await Promise.all(Array.from(pids, () => connected(data)));
    await vi.waitFor(async () => {
      await expect(Promise.race([pidBehind(client(data)), delay(50, "nobody")])).resolves.toBe("nobody");
    });
    for (const pid of pids) process.kill(pid, "SIGKILL");
    await Promise.all(sockets.map((socket) => closed(socket)));
    expect(pids).not.toContain(await pidBehind(client(data)));
  });

  it("closes a connection that one of several processes did not acknowledge before it died", async () => {
    const supervisor = await supervised({ servingProcesses: 2, serving: () => ({ mode: "refuse-connections" }) });
    const { data } = await supervisor.ready;
    const socket = await connected(data);
    for (const pid of supervisor.pids().serving) process.kill(pid, "SIGKILL");
    await closed(socket);
  });

  it("tells a new process how the one before it ended", async () => {
    const dataDir = temporaryFolder();
    const supervisor = await supervised({ dataDir });
    const { pids } = await supervisor.ready;
    process.kill(pids.serving[0] ?? 0, "SIGSEGV");
    await vi.waitFor(() => {
      const predecessor = { pid: pids.serving[0], exitCode: null, signal: "SIGSEGV" };
      const [, second] = readFileSync(join(dataDir, "logs", "serving-0.log"), "utf8")
        .trim()
        .split("\n");
      expect(JSON.parse(second?.replace("started ", "") ?? "{}")).toMatchObject({ kind: "start", predecessor });
    }, 5_000);
  });

  it("starts control again at the address it had", async () => {
    const dataDir = temporaryFolder();
    const supervisor = await supervised({ dataDir });
    const { control, pids } = await supervisor.ready;
    process.kill(pids.control, "SIGKILL");
    await vi.waitFor(() => {
      const [, second] = readFileSync(join(dataDir, "logs", "control.log"), "utf8")
        .trim()
        .split("\n");
      expect(JSON.parse(second?.replace("started ", "") ?? "{}")).toMatchObject({ settings: { controlUrl: control } });
    }, 5_000);
  });

  it("ends a process that gives no sign of life, and starts it again", async () => {
    const supervisor = await supervised({ serving: () => ({ mode: "silent" }), heartbeat: { everyMs: 20, silenceMs: 1_500 } });
    const { pids } = await supervisor.ready;
    expect(await servingPid(supervisor, pids.serving[0])).not.toBe(pids.serving[0]);
  });

  it("ends a process that does not become ready, and starts it again", async () => {
    let starts = 0;
    const serving = (): object => ({ mode: ++starts === 1 ? "idle" : "serve" });
    const supervisor = await supervised({ serving, heartbeat: { everyMs: 20, startMs: 2_000 } });
    await supervisor.ready;
    expect(starts).toBeGreaterThanOrEqual(2);
  });

  it("tries again when a process cannot be started at all", async () => {
    const dataDir = temporaryFolder();
    const supervisor = await supervised({ dataDir, execArgv: ["--no-such-option"] });
    await expect(supervisor.ready).rejects.toMatchObject({ reason: "PROGRAM_FAILED" });
    expect(readFileSync(join(dataDir, "logs", "control.log"), "utf8")).toContain("bad option: --no-such-option");
  });

  it("reports the failure of a child that cannot start", async () => {
    const supervisor = await supervised({ control: { mode: "fail" } });
    await expect(supervisor.ready).rejects.toMatchObject({ reason: "PORT_BUSY" });
  });

  it("gives up when a child ends again and again before it was ready", async () => {
    const supervisor = await supervised({ serving: () => ({ mode: "exit" }) });
    await expect(supervisor.ready).rejects.toMatchObject({ reason: "PROGRAM_FAILED", hint: "Read logs/serving-0.log in the data folder" });
  });

  it("stops its children and gives the folder up when it is closed", async () => {
    const dataDir = temporaryFolder();
    const supervisor = await supervised({ dataDir });
    const { pids } = await supervisor.ready;
    const children = [pids.control, ...pids.serving].map((pid) => identityOf(pid));
    await supervisor.close();
    expect(children.map((child) => child && isRunning(child))).toEqual([false, false]);
    await (await supervised({ dataDir })).ready;
  });

  it("ends a child by force that does not stop within the limit", async () => {
    const supervisor = await supervised({ serving: () => ({ stopDelayMs: 60_000 }), drainLimitMs: 0 });
    const { pids } = await supervisor.ready;
    const serving = identityOf(pids.serving[0] ?? 0);
    await supervisor.close();
    expect(serving && isRunning(serving)).toBe(false);
  });

  it("can be closed while a child waits for its restart", async () => {
    const supervisor = await supervised({ serving: () => ({ mode: "exit" }) });
    await expect(supervisor.ready).rejects.toMatchObject({ reason: "PROGRAM_FAILED" });
    await Promise.all([supervisor.close(), supervisor.close()]);
  });

  it("refuses a port that is in use and names who uses it", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void other.close());
    const address = other.address();
    const port = typeof address === "object" && address ? address.port : 0;
    const dataDir = temporaryFolder();
    await expect(supervised({ port, dataDir })).rejects.toMatchObject({
      reason: "PORT_BUSY",
      code: "UNAVAILABLE",
      message: expect.stringContaining(`data port ${port} on 127.0.0.1`),
    });
    // The folder is free again.
    await (await supervised({ dataDir })).ready;
  });

  it("refuses a data folder that a newer version wrote, and leaves it unlocked", async () => {
    const dataDir = temporaryFolder();
    writeFileSync(join(dataDir, "version"), "2\n");
    await expect(supervised({ dataDir })).rejects.toMatchObject({ reason: "DATA_FOLDER_NEWER" });
    writeFileSync(join(dataDir, "version"), "1\n");
    await (await supervised({ dataDir })).ready;
  });
});
