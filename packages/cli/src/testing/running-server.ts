/** Starts the product as a user does, in a folder of its own, and ends exactly what it started. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import type { ReadyFacts } from "../supervisor/supervisor.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** Entry of the command, from source. */
export const main: string = fileURLToPath(new URL("../main.ts", import.meta.url));
/** The repository's root. */
export const repositoryRoot: string = fileURLToPath(new URL("../../../../", import.meta.url));
/** The sample model. */
export const sampleModel: string = `${repositoryRoot}samples/digits/digits.onnx`;

/** What a command did. */
export interface CommandOutcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. */
export interface RunningCommand {
  readonly child: ChildProcess;
  readonly outcome: Promise<CommandOutcome>;
}

/** Options of {@link startCommand}. */
export interface CommandOptions {
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts `modelyard ARGS` from source; it is killed when the test ends. */
export function startCommand(args: readonly string[], options: CommandOptions = {}): RunningCommand {
  const env = { ...process.env, ...options.env };
  const child = spawn(process.execPath, ["--conditions=modelyard-source", main, ...args], { stdio: ["pipe", "pipe", "pipe"], env });
  onTestFinished(() => void child.kill("SIGKILL"));
  child.stdin.on("error", () => {});
  child.stdin.end(options.input ?? "");
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const outcome = once(child, "close").then(
    ([status]): CommandOutcome => ({ status: typeof status === "number" ? status : null, stdout, stderr }),
  );
  return { child, outcome };
}

/** Runs `modelyard ARGS` to its end. */
export function runCommand(args: readonly string[], options: CommandOptions = {}): Promise<CommandOutcome> {
  return startCommand(args, options).outcome;
}

/** A server of a test. */
export interface TestServer extends RunningCommand {
  readonly ready: ReadyFacts;
  /** Runs a command against it. */
  command(args: readonly string[], options?: CommandOptions): Promise<CommandOutcome>;
  /** Runs a command that has to succeed, and reads its JSON. */
  json(args: readonly string[]): Promise<Record<string, unknown>>;
  /** SIGTERM; its exit status. */
  stop(): Promise<number | null>;
}

/** Starts `modelyard up` on free ports and waits for its ready line. */
export async function startServer(
  dataDir: string = temporaryFolder(),
  more: readonly string[] = [],
  options: Pick<CommandOptions, "env"> = {},
): Promise<TestServer> {
  const args = ["up", "--data", dataDir, "--port", "0", "--control-port", "0", "--metrics-port", "0", "--memory", "512MiB", ...more];
  const running = startCommand(args, options);
  const ready = await readyFacts(running);
  const command: TestServer["command"] = (args, options) => runCommand([...args, "--server", ready.control], options);
  const stop = async (): Promise<number | null> => {
    running.child.kill("SIGTERM");
    return (await running.outcome).status;
  };
  onTestFinished(async () => void (await stop()));
  return {
    ...running,
    ready,
    command,
    stop,
    async json(args) {
      const { status, stdout, stderr } = await command([...args, "--output", "json"]);
      if (status !== 0) throw new Error(`modelyard ${args.join(" ")} ended with ${status}: ${stderr}`);
      return JSON.parse(stdout) as Record<string, unknown>;
    },
  };
}

async function readyFacts({ child, outcome }: RunningCommand): Promise<ReadyFacts> {
  const prefix = "modelyard ready ";
  if (!child.stdout) throw new Error("the command has no pipe");
  const found = new Promise<ReadyFacts>((resolve) => {
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    lines.on("line", (line) => line.startsWith(prefix) && resolve(JSON.parse(line.slice(prefix.length)) as ReadyFacts));
  });
  const ended = outcome.then(({ status, stderr }) => Promise.reject(new Error(`modelyard up ended with ${status}: ${stderr}`)));
  return await Promise.race([found, ended]);
}
