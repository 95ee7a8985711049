/** Another server, started to be compared with ours, and ended. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { until } from "../acceptance/harness/server.ts";

/** A running peer. */
export interface Peer {
  readonly pid: number;
  /** Base addresses; absent where it does not speak it. */
  readonly rest?: string;
  readonly grpc?: string;
  /** From the start of the process until its model is ready, milliseconds. */
  readonly startMs: number;
  stop(): Promise<void>;
}

/** How a peer is started. */
export interface PeerProgram {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly folder: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Answers 200 when the model is ready. */
  readonly readyUrl: string;
  readonly rest?: string;
  readonly grpc?: string;
}

const readyLimitMs = 90_000;

/** Starts a peer and waits for its model. */
export async function startPeer(program: PeerProgram): Promise<Peer> {
  const { name, command, args, folder, env = {}, readyUrl, rest, grpc } = program;
  const log = openSync(`${folder}/${name}.log`, "a");
  const started = performance.now();
  const child = spawn(command, args, { cwd: folder, stdio: ["ignore", log, log], env: { ...process.env, ...env } });
  try {
    await until(() => answered(child, name, readyUrl), { limitMs: readyLimitMs, everyMs: 20 });
  } catch (error) {
    await stop(child);
    throw error;
  }
  const startMs = performance.now() - started;
  return { pid: child.pid ?? 0, startMs, ...(rest && { rest }), ...(grpc && { grpc }), stop: () => stop(child) };
}

async function answered(child: ChildProcess, name: string, url: string): Promise<void> {
  if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}`);
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${name} answers ${response.status}`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const late = setTimeout(() => child.kill("SIGKILL"), 10_000);
  await ended;
  clearTimeout(late);
}
