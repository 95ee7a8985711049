/** Starts the product as a user does (`modelyard up` through its bin file), talks to it through its commands, and ends exactly what it started. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { root } from "../../repository.ts";

/** The bin file that `npx modelyard` runs. */
const bin: string = join(root, "packages/cli/bin/modelyard.mjs");

/** The ready line's facts. */
export interface Ready {
  readonly data: string;
  readonly control: string;
  /** Absent without a metrics port. */
  readonly metrics?: string;
  readonly dataDir: string;
  readonly pids: Pids;
}

/** Process ids of a running product. */
export interface Pids {
  readonly supervisor: number;
  readonly control: number;
  readonly serving: readonly number[];
}

/** Outcome of a command. */
export interface CommandOutcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Options of {@link startServer}. */
export interface StartOptions {
  /** More arguments of `up`. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Fixed ports, so that a restart keeps the addresses; default any free ones. */
  readonly port?: number;
  readonly controlPort?: number;
}

/** A running product. */
export interface Server {
  readonly ready: Ready;
  readonly child: ChildProcess;
  /** From the start of the process to its ready line, milliseconds. */
  readonly startMs: number;
  /** Runs `modelyard ARGS` against it. */
  command(args: readonly string[], options?: { readonly input?: string }): Promise<CommandOutcome>;
  /** Runs `modelyard ARGS --output json` and reads the answer; fails when the command does. */
  json<T>(args: readonly string[]): Promise<T>;
  /** SIGTERM, and its exit status. */
  stop(): Promise<number | null>;
}

const readyLimitMs = 60_000;

/** Starts `modelyard up --data FOLDER` and waits for its ready line. */
export async function startServer(folder: string, options: StartOptions = {}): Promise<Server> {
  mkdirSync(folder, { recursive: true });
  const started = performance.now();
  const ports = ["--port", String(options.port ?? 0), "--control-port", String(options.controlPort ?? 0), "--metrics-port", "0"];
  const child = spawn(process.execPath, [bin, "up", "--data", folder, ...ports, ...(options.args ?? [])], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...options.env },
  });
  const ready = await readyLine(child);
  const startMs = performance.now() - started;
  const command: Server["command"] = (args, input = {}) => runCommand([...args, "--server", ready.control], input);
  return {
    ready,
    child,
    startMs,
    command,
    async json<T>(args: readonly string[]) {
      const outcome = await command([...args, "--output", "json"]);
      if (outcome.status !== 0)
        throw new Error(`modelyard ${args.join(" ")} ended with ${outcome.status}: ${outcome.stderr}${outcome.stdout}`);
      return JSON.parse(outcome.stdout) as T;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), 30_000);
      const [status] = (await exited) as [number | null];
      clearTimeout(late);
      return status;
    },
  };
}

/** Runs a command of the product and keeps what it printed. */
async function runCommand(args: readonly string[], options: { readonly input?: string } = {}): Promise<CommandOutcome> {
  const child = spawn(process.execPath, [bin, ...args], { stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.end(options.input ?? "");
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const [status] = (await once(child, "close")) as [number | null];
  return { status, stdout, stderr };
}

/** Calls until it succeeds or the limit is over; the last failure is thrown. */
export async function until<T>(attempt: () => Promise<T>, options: { readonly limitMs: number; readonly everyMs?: number }): Promise<T> {
  const end = performance.now() + options.limitMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > end) throw error;
      await delay(options.everyMs ?? 100);
    }
  }
}

/** A port that nobody listens on now. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  await new Promise((done) => probe.close(done));
  return typeof address === "object" && address ? address.port : 0;
}

/** The product's processes that still run, of those given. */
export function alive(pids: readonly number[]): readonly number[] {
  return pids.filter((pid) => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      // ESRCH: it has ended.
      return false;
    }
  });
}

async function readyLine(child: ChildProcess): Promise<Ready> {
  if (!child.stdout || !child.stderr) throw new Error("The child has no pipes");
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-4000)));
  const lines = createInterface({ input: child.stdout });
  const found = new Promise<Ready>((resolve, reject) => {
    lines.on("line", (line) => {
      if (line.startsWith("modelyard ready ")) resolve(JSON.parse(line.slice("modelyard ready ".length)) as Ready);
    });
    child.once("exit", (code, signal) => reject(new Error(`modelyard up ended with ${code ?? signal} before it was ready: ${stderr}`)));
    child.once("error", reject);
    setTimeout(() => reject(new Error(`modelyard up was not ready within ${readyLimitMs} ms: ${stderr}`)), readyLimitMs).unref();
  });
  return await found;
}
