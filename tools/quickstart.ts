/**
 * `npm run quickstart [-- --once] [--port N] [--control-port N] [--data DIR]`: builds, starts a server, deploys the sample model, asks it one question
 * whose answer is known, and says what to try next. The server stays up until Ctrl-C; with `--once` it is stopped, the last line is JSON, and the
 * status is 0 only if the answer is within its tolerance.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { build } from "./build.ts";
import { root } from "./repository.ts";

const bin = join(root, "packages/cli/bin/modelyard.mjs");
const sample = join(root, "samples/digits");
const model = "digits";

interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly datatype: string;
  readonly data: readonly number[];
}

interface Case {
  readonly id: string;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly tolerance: { readonly abs: number; readonly rel: number };
  readonly argmax: number;
}

interface Deployed {
  readonly url: string;
  readonly grpc: string;
  readonly curl: string;
}

interface Answered {
  readonly model: string;
  readonly url: string;
  readonly grpc: string;
  readonly case: string;
  readonly predicted: number;
  readonly expected: number;
  readonly outputs: readonly Tensor[];
}

/** A server to talk to: one that was started here, or one that runs already. */
interface Server {
  readonly control: string;
  readonly child?: ChildProcess;
}

const flags = readFlags();
process.exitCode = await quickstart();

/** The flags; a wrong one ends the program with status 2. */
function readFlags(): { readonly once: boolean; readonly port?: string; readonly "control-port"?: string; readonly data: string } {
  const options = {
    once: { type: "boolean", default: false },
    port: { type: "string" },
    "control-port": { type: "string" },
    data: { type: "string", default: process.env["MODELYARD_DATA"] ?? join(root, ".modelyard") },
  } as const;
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    console.error(`quickstart: ${error instanceof Error ? error.message : String(error)}`);
    return process.exit(2);
  }
}

async function quickstart(): Promise<number> {
  say("building");
  const built = await build();
  if (built !== 0) return built;
  say("starting the server");
  const server = await startServer();
  if (typeof server === "number") return server;
  const { child } = server;
  try {
    say(`deploying ${model}`);
    const deployed = await deploy(server.control);
    const known = firstCase();
    const answer = await ask(deployed, known);
    const isRight = holds(known, answer.outputs);
    show(known, answer, isRight);
    if (flags.once) {
      await stop(child);
      console.log(JSON.stringify(answer));
      return isRight ? 0 : 1;
    }
    showNext(deployed, server);
    return child ? await ended(child) : 0;
  } catch (error) {
    console.error(`quickstart: ${error instanceof Error ? error.message : String(error)}`);
    await stop(child);
    return 1;
  }
}

function say(what: string): void {
  console.log(`quickstart: ${what}`);
}

/** Starts the server and prints its ready line; its exit status when it does not start. A server that has the data folder already is used. */
async function startServer(): Promise<Server | number> {
  const ports = (["port", "control-port"] as const).flatMap((name) => (flags[name] === undefined ? [] : [`--${name}`, flags[name]]));
  const child = spawn(process.execPath, [bin, "up", "--data", flags.data, ...ports, "--output", "json"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  passSignals(child);
  let refused: Refusal | undefined;
  createInterface({ input: child.stderr }).on("line", (line) => {
    refused = refusalIn(line) ?? refused;
    if (!refused) console.error(line);
  });
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith("modelyard ready ")) continue;
    console.log(line);
    child.stdout.resume();
    return { control: textOf(JSON.parse(line.slice("modelyard ready ".length)), "control"), child };
  }
  const status = await ended(child);
  if (refused?.reason !== "DATA_FOLDER_LOCKED") {
    console.error(
      `quickstart: ${refused?.message ?? `the server ended with status ${status}`}\n  Next: ${refused?.hint ?? "run it again"}`,
    );
    return status;
  }
  say(`${refused.message}; that server is used`);
  return { control: textOf(JSON.parse(await command(["doctor", "--data", flags.data, "--output", "json"])), "control") };
}

/** Why the server did not start, as `--output json` says it. */
interface Refusal {
  readonly reason: string;
  readonly message: string;
  readonly hint: string;
}

function refusalIn(line: string): Refusal | undefined {
  if (!line.startsWith('{"error":')) return undefined;
  const { error } = JSON.parse(line) as { readonly error: Refusal };
  return error;
}

/** Ctrl-C, SIGTERM and a terminal that is closed end the server in order, and with it this program. A server by itself takes SIGHUP for a reload. */
function passSignals(child: ChildProcess): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => void child.kill(signal));
  process.on("SIGHUP", () => void child.kill("SIGTERM"));
}

async function ended(child: ChildProcess): Promise<number> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return child.exitCode ?? 1;
}

async function stop(child: ChildProcess | undefined): Promise<void> {
  child?.kill("SIGTERM");
  if (child) await ended(child);
}

async function deploy(control: string): Promise<Deployed> {
  const source = join(sample, `${model}.onnx`);
  const answer: unknown = JSON.parse(await command(["deploy", source, "--name", model, "--server", control, "--output", "json"]));
  return { url: textOf(answer, "url"), grpc: textOf(answer, "grpc"), curl: textOf(answer, "curl") };
}

/** Runs a command of the product; what it says of its progress goes to our terminal. */
async function command(args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [bin, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  await once(child, "close");
  if (child.exitCode !== 0) throw new Error(`modelyard ${args[0] ?? ""} ended with status ${child.exitCode ?? child.signalCode}`);
  return output;
}

function textOf(value: unknown, name: string): string {
  const text = typeof value === "object" && value !== null ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined;
  if (typeof text === "string") return text;
  throw new Error(`the answer has no "${name}": ${JSON.stringify(value)}`);
}

function firstCase(): Case {
  // Committed with the sample, and held to its form by a test of its own.
  const [first] = JSON.parse(readFileSync(join(sample, "cases.json"), "utf8")) as readonly Case[];
  if (first) return first;
  throw new Error("samples/digits/cases.json has no cases");
}

/** Asks from outside, over HTTP, as any client would. */
async function ask(deployed: Deployed, known: Case): Promise<Answered> {
  const response = await fetch(`${deployed.url}/infer`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ inputs: known.inputs }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${deployed.url}/infer answered ${response.status}: ${text}`);
  // The protocol's answer; its tensors are compared with the known ones next.
  const { outputs } = JSON.parse(text) as { readonly outputs: readonly Tensor[] };
  const scores = outputs.find(({ name }) => name === "probabilities")?.data ?? [];
  const { url, grpc } = deployed;
  return { model, url, grpc, case: known.id, predicted: scores.indexOf(Math.max(...scores)), expected: known.argmax, outputs };
}

function holds({ outputs: expected, tolerance, argmax }: Case, actual: readonly Tensor[]): boolean {
  return expected.every(({ name, data }) => {
    const got = actual.find((one) => one.name === name)?.data ?? [];
    const isNear = (value: number, index: number): boolean =>
      Math.abs((got[index] ?? Number.NaN) - value) <= tolerance.abs + tolerance.rel * Math.abs(value);
    return got.length === data.length && data.every(isNear) && (name !== "probabilities" || got.indexOf(Math.max(...got)) === argmax);
  });
}

function show(known: Case, answer: Answered, isRight: boolean): void {
  const scores = answer.outputs.find(({ name }) => name === "probabilities")?.data ?? [];
  const percent = ((scores[answer.predicted] ?? 0) * 100).toFixed(1);
  const verdict = isRight ? "as expected" : `which is WRONG: ${answer.expected} is expected`;
  console.log(`\n${picture(known)}\n\n  ${known.id} is a ${answer.predicted} (${percent} %), ${verdict}\n`);
  console.log(`  REST  ${answer.url}\n  gRPC  ${answer.grpc}\n`);
}

/** The picture in characters, two to a pixel. */
function picture({ inputs }: Case): string {
  const [image] = inputs;
  const width = image?.shape.at(-1) ?? 0;
  const shades = " .:-=+*#%@";
  const cells = (image?.data ?? []).map((pixel) => (shades[Math.round((pixel / 255) * (shades.length - 1))] ?? " ").repeat(2));
  return Array.from({ length: cells.length / width }, (_, row) => `    ${cells.slice(row * width, (row + 1) * width).join("")}`).join("\n");
}

function showNext({ curl }: Deployed, { control, child }: Server): void {
  console.log(`${child ? "The server stays up until Ctrl-C. " : ""}Try next, in this folder${child ? ", from another terminal" : ""}:\n`);
  console.log("  npx modelyard predict digits --input samples/digits/digits-07.png");
  console.log("  npx modelyard deploy path/to/your-model.onnx");
  console.log("  npx modelyard get inferenceservices");
  console.log(`  ${curl}`);
  console.log(`\nServices, addresses and events: ${control}/`);
}
