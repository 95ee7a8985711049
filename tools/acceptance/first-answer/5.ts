/** Far more models than fit: 1,000 distinct ones in memory for 300, asked by Zipf's law. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { seededRandom } from "@modelyard/core";
import { caseOfModel, writeDistinctModels } from "../harness/distinct-models.ts";
import { call, connectionPool, paced, Tally } from "../harness/load.ts";
import { type MeshFigures, openMeshFigures } from "../harness/mesh-figures.ts";
import { createService, listServices } from "../harness/resources.ts";
import { type Pids, type Server, startServer, until } from "../harness/server.ts";
import { difference, type JsonTensor, type KnownCase, readCases, sharedModel } from "../harness/shared-data.ts";
import type { Measurement, PointContext } from "../point.ts";

const modelCount = 1000;
const fitting = 300;
const seconds = 60;

export async function measure({ folder, say }: PointContext): Promise<Measurement> {
  const paths = writeDistinctModels(join(folder, "models"), modelCount);
  const perModel = await sizeOfOne(folder, paths[0] ?? "");
  const server = await startServer(join(folder, "data"), { args: ["--memory", String(perModel * fitting)] });
  try {
    const deployed = performance.now();
    await deployAll(server, paths);
    const deploySeconds = (performance.now() - deployed) / 1000;
    say(`${modelCount} models of ${perModel} bytes deployed in ${deploySeconds.toFixed(0)} s`);
    const before = await figures(server);
    const residentBefore = residentBytes(await pidsOf(server));
    const { tally, wrong, mostUsed } = await zipf(server);
    const after = await figures(server);
    const resident = residentBytes(await pidsOf(server));
    const measured = [
      `deployed in ${deploySeconds.toFixed(0)} s`,
      `${String(tally)} in ${seconds} s (${(tally.get("right") / seconds).toFixed(0)}/s)`,
      `${after.loads - before.loads} loads, ${after.evictions - before.evictions} evictions`,
      `most in use ${mostUsed} of ${after.capacityBytes} bytes, ${after.modelCount} models`,
      `resident ${mib(residentBefore)} before and ${mib(resident)} MiB after`,
    ].join("; ");
    const fits = mostUsed <= after.capacityBytes && after.capacityBytes <= perModel * fitting && after.modelCount <= fitting;
    const holds =
      wrong.length === 0 && tally.get("right") > 1000 && tally.counts.size === 1 && fits && after.evictions - before.evictions > 100;
    return { measured, holds, details: wrong.slice(0, 10) };
  } finally {
    await server.stop();
  }
}

async function sizeOfOne(folder: string, path: string): Promise<number> {
  const server = await startServer(join(folder, "one"));
  try {
    await server.json(["deploy", path, "--name", "one"]);
    const { usedBytes } = await until(
      async () => {
        const now = await figures(server);
        if (now.modelCount !== 1) throw new Error(`the instance reports ${now.modelCount} models`);
        return now;
      },
      { limitMs: 20_000 },
    );
    return usedBytes;
  } finally {
    await server.stop();
  }
}

async function figures(server: Server): Promise<MeshFigures> {
  const reader = openMeshFigures(server.ready.dataDir);
  try {
    return await reader.read();
  } finally {
    await reader.close();
  }
}

async function pidsOf(server: Server): Promise<Pids> {
  return (await server.json<{ readonly pids: Pids }>(["doctor"])).pids;
}

function residentBytes(pids: Pids): number {
  return pids.serving.reduce(
    (sum, pid) => sum + Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024,
    0,
  );
}

function mib(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}

async function deployAll(server: Server, paths: readonly string[]): Promise<void> {
  const control = server.ready.control;
  const waiting = paths.map((file, index) => ({ name: `m${index}`, file }));
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await createService(control, next);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  await until(
    async () => {
      const services = await listServices(control);
      const loaded = services.filter(({ status }) =>
        ["Loaded", "Standby"].includes(status?.modelStatus?.states?.activeModelState ?? ""),
      ).length;
      if (loaded < modelCount) throw new Error(`${loaded} of ${modelCount} services are loaded or on standby`);
    },
    { limitMs: 300_000, everyMs: 1000 },
  );
}

interface ZipfResult {
  readonly tally: Tally;
  readonly wrong: readonly string[];
  readonly mostUsed: number;
}

async function zipf(server: Server): Promise<ZipfResult> {
  const cases = readCases(sharedModel("mnist/cases.json")).map((known) => ({ known, body: JSON.stringify({ inputs: known.inputs }) }));
  const pick = zipfPicker(modelCount);
  const agent = connectionPool(16);
  const tally = new Tally();
  const wrong: string[] = [];
  const ask = async (turn: number): Promise<void> => {
    const index = pick();
    const one = cases[turn % cases.length];
    if (!one) return;
    const outcome = await call(agent, {
      url: `${server.ready.data}/v2/models/m${index}/infer`,
      method: "POST",
      body: one.body,
      limitMs: 30_000,
    });
    const problem =
      outcome.kind === "answer" && outcome.status === 200
        ? judge(one.known, { index, body: outcome.body })
        : outcome.kind === "answer"
          ? `${outcome.status}: ${outcome.body.toString().slice(0, 200)}`
          : outcome.why;
    tally.add(problem ? "wrong" : "right");
    if (problem) wrong.push(problem);
  };
  const loop = paced({ perSecond: 2000, inFlight: 16, action: ask });
  let mostUsed = 0;
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    mostUsed = Math.max(mostUsed, (await figures(server)).usedBytes);
    await delay(250);
  }
  await loop.stop();
  agent.destroy();
  return { tally, wrong, mostUsed };
}

function judge(known: KnownCase, answer: { readonly index: number; readonly body: Buffer }): string | undefined {
  const { outputs } = JSON.parse(answer.body.toString()) as { readonly outputs: readonly JsonTensor[] };
  return difference(caseOfModel(known, answer.index), outputs);
}

/** Ranks by Zipf's law with exponent 1, from a fixed seed. */
function zipfPicker(count: number): () => number {
  const random = seededRandom(20_261_121);
  const cumulative: number[] = [];
  let total = 0;
  for (let rank = 1; rank <= count; rank++) cumulative.push((total += 1 / rank));
  return () => {
    const aim = random.next() * total;
    return cumulative.findIndex((sum) => sum >= aim);
  };
}
