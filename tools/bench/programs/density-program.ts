/**
 * Many models in one process, without a server around them: what the runtime itself costs. Arguments: `prepare|warm|load|ask|cycle`, folder, count.
 * `prepare` brings distinct models into an artifact store and makes their prepared copies, `warm` has the system hold what they are loaded from;
 * the others, each in a fresh process, print what they measured.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { metricsRegistry, seededRandom, silentLog, systemClock } from "@modelyard/core";
import { openLocalArtifacts } from "@modelyard/objects";
import { openArtifactStore } from "@modelyard/objects/store";
import { type InferRequest, type LoadedModel, type LoadRequest, type ModelRuntime, onnxRuntime } from "@modelyard/runtimes";
import { caseOfModel, writeDistinctModels } from "../../acceptance/harness/distinct-models.ts";
import { difference, readCases, sharedModel } from "../../acceptance/harness/shared-data.ts";
import { fromBytes, toBytes } from "../../acceptance/harness/tensor-bytes.ts";

const [mode = "", folder = "", countText = "0"] = process.argv.slice(2);
const count = Number(countText);
const base = { clock: systemClock(), log: silentLog(), random: seededRandom(1) };
const objectsDir = join(folder, "objects");
const preparedDir = join(folder, "prepared");
const digestsFile = join(folder, "digests.json");
const askRounds = 5;
const askedRuns = 4_000;
const [known] = readCases(sharedModel("mnist/cases.json"));

if (mode === "prepare") await prepare();
if (mode === "warm") warm();
if (mode === "load") console.log(JSON.stringify(await loadAll()));
if (mode === "ask") console.log(JSON.stringify(await askAtRandom()));
if (mode === "cycle") console.log(JSON.stringify(await cycle()));
process.exit(0);

function openRuntime(artifacts: Parameters<typeof onnxRuntime>[0]["artifacts"]): ModelRuntime {
  return onnxRuntime({ ...base, artifacts, preparedDir, capacityBytes: 2 ** 34, metrics: metricsRegistry() });
}

function requestOf(index: number, artifactDigest: string): LoadRequest {
  return { modelId: `mnist-${index}`, modelType: "onnx", artifactDigest, parameters: {} };
}

async function prepare(): Promise<void> {
  const artifacts = await openArtifactStore({ ...base, directory: objectsDir });
  const runtime = openRuntime(artifacts);
  const digests: string[] = [];
  for (const path of writeDistinctModels(join(folder, "models"), count))
    digests.push((await artifacts.ingest({ kind: "file", path })).digest);
  const waiting = digests.entries();
  const work = async (): Promise<void> => {
    for (const [index, digest] of waiting) await (await runtime.load(requestOf(index, digest))).unload();
  };
  await Promise.all([work(), work(), work()]);
  writeFileSync(digestsFile, JSON.stringify(digests));
}

function open(): { readonly runtime: ModelRuntime; readonly digests: readonly string[] } {
  return {
    runtime: openRuntime(openLocalArtifacts({ ...base, directory: objectsDir })),
    digests: JSON.parse(readFileSync(digestsFile, "utf8")) as readonly string[],
  };
}

function inferRequest(): InferRequest {
  const inputs = (known?.inputs ?? []).map((input) => ({
    name: input.name,
    datatype: "FP32" as const,
    shape: input.shape,
    bytes: new Uint8Array(toBytes(input)),
  }));
  return { inputs, outputNames: undefined };
}

async function loadAll(): Promise<object> {
  const { runtime, digests } = open();
  const request = inferRequest();
  const models: LoadedModel[] = [];
  let loadMicros = 0;
  let kernelMicros = 0;
  // Run as soon as it is loaded, as a request does that finds its model cold.
  const add = async (index: number): Promise<void> => {
    const startCpu = process.cpuUsage();
    const model = await runtime.load(requestOf(index, digests[index] ?? ""));
    const { user, system } = process.cpuUsage(startCpu);
    loadMicros += user + system;
    kernelMicros += system;
    await model.infer(request);
    models.push(model);
  };
  await add(0);
  const before = resident();
  loadMicros = 0;
  kernelMicros = 0;
  for (let index = 1; index < count; index++) await add(index);
  const after = resident();
  const wrong: string[] = [];
  for (let index = 0; index < count; index += Math.ceil(count / 100)) {
    const why = await wrongAnswer(models[index], index, request);
    if (why !== undefined) wrong.push(why);
  }
  return {
    perGib: Math.floor(2 ** 30 / ((after.bytes - before.bytes) / (count - 1))),
    loadMicros: loadMicros / (count - 1),
    kernelShare: kernelMicros / loadMicros,
    threads: [before.threads, after.threads],
    wrong,
  };
}

/** CPU microseconds a run, of one model, of ten, … taken at random: a sample of each in turns. */
async function askAtRandom(): Promise<Readonly<Record<number, readonly number[]>>> {
  const { runtime, digests } = open();
  const request = inferRequest();
  const models = await Promise.all(digests.slice(0, count).map((digest, index) => runtime.load(requestOf(index, digest))));
  const samples = new Map<number, number[]>();
  for (let among = 1; among <= count; among *= 10) samples.set(among, []);
  // The first round is not counted: V8 optimises, and every model has run by its end.
  for (let round = -1; round < askRounds; round++) {
    for (const [among, micros] of samples) {
      const before = process.cpuUsage();
      for (let run = 0; run < askedRuns; run++) await models[Math.floor(base.random.next() * among)]?.infer(request);
      const { user, system } = process.cpuUsage(before);
      if (round >= 0) micros.push((user + system) / askedRuns);
    }
  }
  return Object.fromEntries(samples);
}

/** Brings the prepared copies into the system's page cache, in a process of its own, whose memory is not measured. The memory they go into is `holdMemory`'s. */
function warm(): void {
  for (const entry of readdirSync(preparedDir, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) readFileSync(join(entry.parentPath, entry.name));
}

async function wrongAnswer(model: LoadedModel | undefined, index: number, request: InferRequest): Promise<string | undefined> {
  const outputs = (await model?.infer(request)) ?? [];
  const found = outputs.map((output) => ({
    name: output.name,
    datatype: output.datatype,
    shape: output.shape,
    data: "bytes" in output ? fromBytes(output.datatype, Buffer.from(output.bytes)) : [],
  }));
  return known && difference(caseOfModel(known, index), found);
}

/** Models loaded, run and unloaded in turn; memory once it is level, and in the end. */
async function cycle(): Promise<object> {
  const { runtime, digests } = open();
  const request = inferRequest();
  const levelAfter = Math.floor(count / 5);
  let level = 0;
  for (let index = 0; index < count; index++) {
    const model = await runtime.load(requestOf(index, digests[index % digests.length] ?? ""));
    await model.infer(request);
    await model.unload();
    if (index === levelAfter) level = resident().bytes;
  }
  return { growthPercent: (100 * (resident().bytes - level)) / level };
}

function resident(): { readonly bytes: number; readonly threads: number } {
  globalThis.gc?.();
  return { bytes: process.memoryUsage.rss(), threads: readdirSync("/proc/self/task").length };
}
