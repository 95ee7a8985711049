/** Another server, started to be sent the checks. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, openSync } from "node:fs";
import { dirname, join } from "node:path";
import { until } from "../../acceptance/harness/server.ts";
import { capture } from "../../repository.ts";

/** A running server. */
export interface Peer {
  readonly name: string;
  readonly version: string;
  /** `host:port` of REST. */
  readonly address: string;
  /** `host:port` of gRPC. */
  readonly grpc: string;
  stop(): Promise<void>;
}

/** How one is started. */
export interface PeerStart extends Pick<Peer, "name" | "version" | "address" | "grpc"> {
  /** Folder it runs in. */
  readonly folder: string;
  readonly command: readonly [program: string, ...args: string[]];
}

const readyLimitMs = 120_000;
const stopLimitMs = 10_000;

/** Folder of the models in Python. */
export const pythonFolder: string = join(import.meta.dirname, "..", "python");

/** Starts it and waits until the model `mnist` is ready. */
export async function startPeer({ folder, command: [program, ...args], ...peer }: PeerStart): Promise<Peer> {
  mkdirSync(folder, { recursive: true });
  const log = openSync(join(folder, "server.log"), "a");
  const env = { ...process.env, PYTHONPATH: pythonFolder, PATH: `${dirname(program)}:${process.env["PATH"]}` };
  const child = spawn(program, args, { cwd: folder, stdio: ["ignore", log, log], env });
  await until(() => ready(child, peer), { limitMs: readyLimitMs, everyMs: 100 });
  return { ...peer, stop: () => stop(child) };
}

/** Version of a package in an environment of Python. */
export async function packageVersion(python: string, name: string): Promise<string> {
  const { output } = await capture(python, ["-c", `import importlib.metadata as m; print(m.version("${name}"))`]);
  return output.trim();
}

async function ready(child: ChildProcess, { name, address }: Pick<Peer, "name" | "address">): Promise<void> {
  if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}`);
  const { ok, status } = await fetch(`http://${address}/v2/models/mnist/ready`);
  if (!ok) throw new Error(`${name} answers ${status}`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const late = setTimeout(() => child.kill("SIGKILL"), stopLimitMs);
  await ended;
  clearTimeout(late);
}
