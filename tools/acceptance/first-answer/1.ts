/** A newcomer's first minutes: a fresh clone, an empty home, the system's Node, one command; then a model of their own. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { root } from "../../repository.ts";
import type { Ready } from "../harness/server.ts";
import { mnistImages, sharedModel } from "../harness/shared-data.ts";
import type { Measurement, PointContext } from "../point.ts";
import { answers } from "./2.ts";

export async function measure({ folder, say }: PointContext): Promise<Measurement> {
  const clone = join(folder, "clone");
  execFileSync("git", ["clone", "--quiet", "--no-hardlinks", root, clone]);
  const env = newcomerEnvironment(join(folder, "home"));
  const node = execFileSync("node", ["--version"], { env }).toString().trim();
  say(`clone made, system node is ${node}: npm run quickstart -- --once`);
  const started = performance.now();
  const once = await finish(spawn("npm", ["run", "quickstart", "--", "--once"], { cwd: clone, env, stdio: ["ignore", "pipe", "pipe"] }));
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  const megabytes = Number(execFileSync("du", ["-sm", clone]).toString().split("\t")[0]);
  const first = lastJson(once.stdout);
  if (once.status !== 0 || !first)
    return { measured: `quickstart ended with ${once.status}`, holds: false, details: tail(once.stdout + once.stderr) };
  say(`answered after ${seconds} s, ${megabytes} MB; now it stays up and 800 images are sent`);
  const images = await deployAndAsk(clone, env);
  const measured = `node ${node}: first answer ${seconds} s, ${megabytes} MB on disk, case ${String(first["case"])}; images ${images.right} of ${images.sent} right`;
  return { measured, holds: images.sent === 800 && images.right === 800, details: [JSON.stringify(first), ...images.wrong.slice(0, 10)] };
}

async function deployAndAsk(clone: string, env: NodeJS.ProcessEnv): Promise<Awaited<ReturnType<typeof answers>>> {
  const quickstart = spawn("npm", ["run", "quickstart"], { cwd: clone, env, stdio: ["ignore", "pipe", "pipe"] });
  try {
    await readyLine(quickstart);
    const deploy = await finish(
      spawn("npx", ["modelyard", "deploy", sharedModel("mnist/mnist.onnx"), "--output", "json"], {
        cwd: clone,
        env,
        stdio: ["ignore", "pipe", "pipe"],
      }),
    );
    const deployed = lastJson(deploy.stdout);
    if (deploy.status !== 0 || !deployed) throw new Error(`deploy ended with ${deploy.status}: ${deploy.stdout}${deploy.stderr}`);
    return await answers(new URL(String(deployed["url"])).origin, { model: String(deployed["name"]), cases: mnistImages() });
  } finally {
    const ended = once(quickstart, "exit");
    quickstart.kill("SIGTERM");
    await ended;
  }
}

/** An empty home, and a PATH in which `node` is the system's. */
function newcomerEnvironment(home: string): NodeJS.ProcessEnv {
  mkdirSync(home);
  const own = Object.entries(process.env).filter(([name]) => !/^(npm_|MODELYARD_|NODE_|INIT_CWD)/i.test(name));
  const path = (process.env["PATH"] ?? "").split(delimiter).filter((part) => !part.includes("node_modules"));
  return { ...Object.fromEntries(own), HOME: home, PATH: path.join(delimiter) };
}

async function readyLine(child: ChildProcess): Promise<Ready> {
  if (!child.stdout) throw new Error("The child has no pipe");
  let printed = "";
  for await (const line of createInterface({ input: child.stdout })) {
    printed += `${line}\n`;
    if (line.includes("modelyard ready ")) {
      child.stdout.resume();
      return JSON.parse(line.slice(line.indexOf("{"))) as Ready;
    }
  }
  throw new Error(`quickstart ended before it was ready:\n${printed}`);
}

async function finish(child: ChildProcess): Promise<{ readonly status: number | null; readonly stdout: string; readonly stderr: string }> {
  let [stdout, stderr] = ["", ""];
  child.stdout?.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const [status] = (await once(child, "close")) as [number | null];
  return { status, stdout, stderr };
}

function lastJson(text: string): Readonly<Record<string, unknown>> | undefined {
  const start = text.search(/^\{/m);
  const whole = start < 0 ? undefined : tryParse(text.slice(start));
  return whole ?? tryParse(text.trimEnd().split("\n").at(-1) ?? "");
}

function tryParse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    // Not JSON: the caller reports what was printed.
    return undefined;
  }
}

function tail(text: string): readonly string[] {
  return text.trimEnd().split("\n").slice(-20);
}
