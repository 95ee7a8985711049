/** A supervisor whose children are fakes that say who they are, and clients of its data port. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { type Log, silentLog, systemClock } from "@modelyard/core";
import { expect, onTestFinished, vi } from "vitest";
import { type Supervisor, type SupervisorOptions, startSupervisor } from "../supervisor/supervisor.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const entry = fileURLToPath(new URL("../supervisor/testdata/fake-child.mjs", import.meta.url));

/** Options of a supervisor of fake children. */
export interface FakeOptions extends Partial<Omit<SupervisorOptions, "programs">> {
  readonly log?: Log;
  readonly control?: object;
  readonly execArgv?: readonly string[];
  /** Settings of a serving process, made anew for each start. */
  readonly serving?: (slot: number) => object;
}

/** A supervisor of fake children, closed when the test ends. */
export async function supervised(fake: FakeOptions = {}): Promise<Supervisor> {
  const { control = {}, serving = () => ({}), execArgv = [], log = silentLog(), ...options } = fake;
  const program = { entry, execArgv };
  const supervisor = await startSupervisor(
    {
      dataDir: temporaryFolder(),
      address: "127.0.0.1",
      port: 0,
      servingProcesses: 1,
      drainLimitMs: 2_000,
      ...options,
      programs: {
        control: { ...program, settings: ({ controlUrl }) => ({ role: "control", controlUrl, ...control }) },
        serving: { ...program, settings: ({ slot }) => ({ role: "serving", ...serving(slot) }) },
      },
    },
    { clock: systemClock(), log },
  );
  onTestFinished(() => supervisor.close());
  return supervisor;
}

/** A connection to the data port. */
export function client(dataUrl: string): Socket {
  const socket = connect(Number(new URL(dataUrl).port), "127.0.0.1");
  socket.on("error", () => {});
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** Resolves when a connection is closed, in whatever way. */
export function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

/** Sends a line and resolves with the pid of the process that answers. */
export async function pidBehind(socket: Socket): Promise<number> {
  socket.write("hello");
  const isClosed = closed(socket).then(() => Promise.reject(new Error("the connection was closed")));
  const [bytes] = await Promise.race([once(socket, "data"), isClosed]);
  const [pid, echoed] = String(bytes).split(" ");
  expect(echoed).toBe("hello");
  return Number(pid);
}

/** Pid of the serving process, once it is not `other`. */
export async function servingPid(supervisor: Supervisor, other?: number): Promise<number> {
  return vi.waitFor(() => {
    const pid = supervisor.pids().serving[0];
    if (pid === undefined || pid === other || pid === process.pid) throw new Error("no new process yet");
    return pid;
  }, 10_000);
}

/** Pids of so many processes, once all of them answer. */
export async function servingPids(dataUrl: string, count: number): Promise<readonly number[]> {
  return vi.waitFor(async () => {
    const pids = new Set(await Promise.all(Array.from({ length: count }, () => pidBehind(client(dataUrl)))));
    expect(pids.size).toBe(count);
    return [...pids];
  }, 10_000);
}
