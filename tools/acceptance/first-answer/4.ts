/**
 * 75 kills -9 under load. Nothing that was acknowledged may be lost, everything comes back by itself (only a killed supervisor is started again),
 * and a request that failed was told so in a way a client can retry.
 */
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { seededRandom } from "@modelyard/core";
import { leftovers } from "../harness/leftovers.ts";
import { call, connectionPool, type HttpOutcome, paced, Tally } from "../harness/load.ts";
import { api, createService, listServices, waitReady } from "../harness/resources.ts";
import { alive, freePort, type Pids, type Server, startServer, until } from "../harness/server.ts";
import { difference, type JsonTensor, type KnownCase, readCases, sharedModel } from "../harness/shared-data.ts";
import type { Measurement, PointContext } from "../point.ts";

const killsEach = 25;
const runtimes = "/apis/serving.kserve.io/v1alpha1/namespaces/default/servingruntimes";
/** Statuses that tell a client to try again. */
const retryable = new Set([429, 503, 504]);
type Target = "serving" | "control" | "supervisor";

/** Everything one run keeps. */
interface Run {
  readonly folder: string;
  readonly port: number;
  readonly controlPort: number;
  server: Server;
  readonly acknowledged: Set<string>;
  readonly unknown: Set<string>;
  readonly writes: Tally;
  readonly inferences: Tally;
  readonly problems: string[];
}

export async function measure({ folder, say }: PointContext): Promise<Measurement> {
  const run = await start(folder);
  const mnist = sharedModel("mnist/mnist.onnx");
  for (const name of ["one", "two", "three"]) await createService(run.server.ready.control, { name, file: mnist });
  for (const name of ["one", "two", "three"]) await waitReady(run.server.ready.control, name, 30_000);
  const began = performance.now();
  const writer = paced({ perSecond: 250, inFlight: 32, action: (turn) => write(run, turn) });
  const caller = paced({ perSecond: 300, inFlight: 32, action: inferences(run, readCases(sharedModel("mnist/cases.json"))) });
  const amidDeploy = await killAll(run, { say, mnist });
  await delay(1000);
  await Promise.all([writer.stop(), caller.stop()]);
  const seconds = (performance.now() - began) / 1000;
  const lost = await compareLedger(run);
  const silent = await servicesThatDoNotAnswer(run);
  const status = await run.server.stop();
  const left = await leftovers(run.folder);
  const writesPerSecond = run.acknowledged.size / seconds;
  const inferencesPerSecond = run.inferences.get("200 right") / seconds;
  const problems = [...run.problems, ...lost, ...silent.wrong, ...left.map((pid) => `process ${pid} is left over`)];
  const measured = [
    `${killsEach} kills each of serving, control and supervisor, ${amidDeploy} amid a deploy, in ${seconds.toFixed(0)} s`,
    `${run.acknowledged.size} acknowledged writes (${writesPerSecond.toFixed(0)}/s), ${lost.length} lost`,
    `inferences: ${String(run.inferences)} (${inferencesPerSecond.toFixed(0)}/s right)`,
    `${silent.asked} services answer again, ${left.length} processes left, exit status ${status}`,
  ].join("; ");
  const holds = problems.length === 0 && writesPerSecond >= 50 && inferencesPerSecond >= 200 && amidDeploy >= 5 && status === 0;
  return { measured, holds, details: problems.slice(0, 30) };
}

async function start(folder: string): Promise<Run> {
  const [port, controlPort] = [await freePort(), await freePort()];
  const server = await startServer(join(folder, "data"), { port, controlPort });
  const empty = {
    acknowledged: new Set<string>(),
    unknown: new Set<string>(),
    writes: new Tally(),
    inferences: new Tally(),
    problems: [],
  };
  return { folder, port, controlPort, server, ...empty };
}

const writePool = connectionPool(32);
const inferPool = connectionPool(32);

async function write(run: Run, turn: number): Promise<void> {
  const name = `ledger-${turn}`;
  const body = JSON.stringify({
    apiVersion: "serving.kserve.io/v1alpha1",
    kind: "ServingRuntime",
    metadata: { name, namespace: "default" },
    spec: { disabled: true, supportedModelFormats: [{ name: "none" }], containers: [{ name: "none", image: "none" }] },
  });
  const outcome = await call(writePool, { url: `http://127.0.0.1:${run.controlPort}${runtimes}`, method: "POST", body, limitMs: 20_000 });
  run.writes.add(label(outcome));
  if (outcome.kind === "answer" && outcome.status === 201) run.acknowledged.add(name);
  else if (outcome.kind === "closed" || outcome.status >= 500) run.unknown.add(name);
  else run.problems.push(`the write ${name} was answered ${outcome.status}: ${outcome.body.toString().slice(0, 200)}`);
}

function inferences(run: Run, cases: readonly KnownCase[]): (turn: number) => Promise<void> {
  const prepared = cases.map((known) => ({ known, body: JSON.stringify({ inputs: known.inputs }) }));
  return async (turn) => {
    const { known, body } = prepared[turn % prepared.length] ?? { known: undefined, body: "" };
    const name = ["one", "two", "three"][turn % 3];
    const url = `http://127.0.0.1:${run.port}/v2/models/${name}/infer`;
    const outcome = await call(inferPool, { url, method: "POST", body, limitMs: 30_000 });
    if (outcome.kind === "answer" && outcome.status === 200 && known) {
      const { outputs } = JSON.parse(outcome.body.toString()) as { readonly outputs: readonly JsonTensor[] };
      const problem = difference(known, outputs);
      run.inferences.add(problem ? "200 wrong" : "200 right");
      if (problem) run.problems.push(problem);
      return;
    }
    run.inferences.add(label(outcome));
    if (outcome.kind === "answer" && !retryable.has(outcome.status))
      run.problems.push(`an inference was answered ${outcome.status}: ${outcome.body.toString().slice(0, 200)}`);
    if (outcome.kind === "closed" && !/^E(CONNRESET|CONNREFUSED|PIPE)$|socket hang up/.test(outcome.why))
      run.problems.push(`an inference ended with ${outcome.why}`);
  };
}

function label(outcome: HttpOutcome): string {
  return outcome.kind === "answer" ? String(outcome.status) : outcome.why;
}

async function killAll(run: Run, options: { readonly say: (line: string) => void; readonly mnist: string }): Promise<number> {
  const random = seededRandom(20_261_121);
  let amidDeploy = 0;
  for (let round = 0; round < killsEach; round++) {
    for (const target of ["serving", "control", "supervisor"] as const) {
      const pids = await currentPids(run);
      if (round % 4 === 0) {
        amidDeploy++;
        void createService(run.server.ready.control, { name: `amid-${round}-${target}`, file: options.mnist }).catch(() => {});
        await delay(random.next() * 120);
      }
      await kill(run, { target, pids });
      await delay(200 + random.next() * 600);
    }
    if (round % 5 === 4) options.say(`${(round + 1) * 3} kills; inferences: ${String(run.inferences)}`);
  }
  await currentPids(run);
  return amidDeploy;
}

/** Pids once everything is up: the one before last is only killed when its successor works. */
function currentPids(run: Run): Promise<Pids> {
  return until(
    async () => {
      const ready = await fetch(`http://127.0.0.1:${run.port}/v2/health/ready`, { signal: AbortSignal.timeout(2000) });
      if (!ready.ok) throw new Error(`the data plane answers ${ready.status}`);
      await api(run.server.ready.control, { path: "/version" });
      const { pids: now } = await run.server.json<{ readonly pids: Pids }>(["doctor"]);
      if (alive([now.control, ...now.serving]).length !== 1 + now.serving.length) throw new Error("doctor names a process that has ended");
      return now;
    },
    { limitMs: 30_000 },
  );
}

async function kill(run: Run, victim: { readonly target: Target; readonly pids: Pids }): Promise<void> {
  const { target, pids } = victim;
  if (target === "supervisor") {
    process.kill(pids.supervisor, "SIGKILL");
    run.server = await startServer(join(run.folder, "data"), { port: run.port, controlPort: run.controlPort });
    return;
  }
  process.kill(target === "control" ? pids.control : (pids.serving[0] ?? 0), "SIGKILL");
}

async function compareLedger(run: Run): Promise<readonly string[]> {
  const { items } = await until(
    () =>
      api<{ readonly items: readonly { readonly metadata: { readonly name: string } }[] }>(run.server.ready.control, { path: runtimes }),
    {
      limitMs: 20_000,
    },
  );
  const stored = new Set(items.map(({ metadata }) => metadata.name));
  const lost = [...run.acknowledged].filter((name) => !stored.has(name)).map((name) => `the acknowledged write ${name} is lost`);
  const invented = [...stored]
    .filter((name) => !run.acknowledged.has(name) && !run.unknown.has(name))
    .map((name) => `${name} is stored and was refused`);
  return [...lost, ...invented];
}

async function servicesThatDoNotAnswer(run: Run): Promise<{ readonly asked: number; readonly wrong: readonly string[] }> {
  const [known] = readCases(sharedModel("mnist/cases.json"));
  const services = await listServices(run.server.ready.control);
  const wrong: string[] = [];
  for (const { metadata } of services) {
    const answer = await until(() => ask(run, { name: metadata.name, known }), { limitMs: 30_000 }).catch((error: unknown) =>
      String(error),
    );
    if (answer) wrong.push(`${metadata.name}: ${answer}`);
  }
  return { asked: services.length, wrong };
}

async function ask(run: Run, asked: { readonly name: string; readonly known: KnownCase | undefined }): Promise<string | undefined> {
  const response = await fetch(`http://127.0.0.1:${run.port}/v2/models/${asked.name}/infer`, {
    method: "POST",
    body: JSON.stringify({ inputs: asked.known?.inputs }),
  });
  if (!response.ok) throw new Error(`it answers ${response.status}: ${await response.text()}`);
  const { outputs } = (await response.json()) as { readonly outputs: readonly JsonTensor[] };
  return asked.known ? difference(asked.known, outputs) : "no case";
}
