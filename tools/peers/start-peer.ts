/** Another server, started to be compared with ours, and ended. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { connect } from "node:net";
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
  /** Answers 200 when the model is ready. Absent: it is ready when its port, that of `grpc`, takes a connection. */
  readonly readyUrl?: string;
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
  closeSync(log);
  const ended = once(child, "exit");
  if (child.pid === undefined) {
    await ended.catch(() => {});
    throw new Error(`${command} could not be started: it is not installed`);
  }
  const isReady = async (): Promise<void> => {
    if (hasEnded(child)) return;
    await (readyUrl === undefined ? connected(grpc ?? rest ?? "") : answered(name, readyUrl));
  };
  try {
    await until(isReady, { limitMs: readyLimitMs, everyMs: 20 });
    if (hasEnded(child)) throw new Error(`${name} ended with ${child.exitCode ?? child.signalCode}`);
  } catch (error) {
    await stop(child);
    throw error;
  }
  const startMs = performance.now() - started;
  return { pid: child.pid, startMs, ...(rest && { rest }), ...(grpc && { grpc }), stop: () => stop(child) };
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

async function answered(name: string, url: string): Promise<void> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${name} answers ${response.status}`);
}

async function connected(address: string): Promise<void> {
  const { hostname, port } = new URL(address);
  const socket = connect(Number(port), hostname);
  await once(socket, "connect");
  socket.destroy();
}

async function stop(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const late = setTimeout(() => child.kill("SIGKILL"), 10_000);
  await ended;
  clearTimeout(late);
}
