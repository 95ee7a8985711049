/** Every wrong request a hundred times, to a server as a user starts it: each is answered as its data says, and nothing is left of it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import {
  type PreparedRequest,
  prepareRequest,
  runWrongRequests,
  type ServerAddress,
  type WrongRequestModel,
  type WrongRequestResult,
  wrongRequestMaxBodyBytes,
  wrongRequestModels,
  wrongRequests,
} from "@modelyard/gateway/testing";
import { buildModel, buildNode, tensorValue, writeModel } from "@modelyard/onnx";
import { connect, encodings } from "../harness/clients.ts";
import { Tally } from "../harness/load.ts";
import { type Footprint, footprintOf } from "../harness/process-footprint.ts";
import { createService, waitReady } from "../harness/resources.ts";
import { alive, type Server, startServer } from "../harness/server.ts";
import type { JsonTensor } from "../harness/shared-data.ts";
import type { Measurement, PointContext } from "../point.ts";

const passes = 100;
/** Passes before the baseline: at least so many, and until the memory of the last ones is level, or as many as may be. */
const warmUp = { fewest: 120, most: 180, levelPasses: 10, levelShare: 0.01 };
const atOnce = 8;
const idleMs = 8_000;
const wanted = { requests: 300, classes: 14, ofEach: 20, growthShare: 0.05 };

/** A class with what its requests came to. */
interface ClassRun {
  readonly name: string;
  readonly requests: readonly PreparedRequest[];
  readonly outcomes: Tally;
}

export async function measure({ folder, say }: PointContext): Promise<Measurement> {
  const args = ["--max-body", String(wrongRequestMaxBodyBytes), "--serving-processes", "1"];
  const server = await startServer(join(folder, "data"), { args });
  try {
    await deploy(server, folder);
    return await run(server, say);
  } finally {
    await server.stop();
  }
}

async function deploy({ ready }: Server, folder: string): Promise<void> {
  for (const model of wrongRequestModels) {
    const file = join(folder, `${model.name}.onnx`);
    writeFileSync(file, identityModel(model));
    await createService(ready.control, { name: model.name, file });
  }
  for (const { name } of wrongRequestModels) await waitReady(ready.control, name, 60_000);
}

/** `x` comes back as `y`. */
function identityModel({ name, datatype, shape }: WrongRequestModel): Uint8Array {
  const dimensions = shape.map((size, index) => (size === -1 ? `d${index}` : size));
  const model = buildModel({
    name,
    opset: 17,
    irVersion: 8,
    nodes: [buildNode({ opType: "Identity", inputs: ["x"], outputs: ["y"] })],
    inputs: [tensorValue("x", datatype, dimensions)],
    outputs: [tensorValue("y", datatype, dimensions)],
  });
  return writeModel(model);
}

async function run(server: Server, say: PointContext["say"]): Promise<Measurement> {
  const { data, pids } = server.ready;
  const [pid = 0] = pids.serving;
  const { hostname: host, port } = new URL(data);
  const address = { host, port: Number(port) };
  const classes = wrongRequests().map(({ name, cases }) => ({ name, requests: cases.map(prepareRequest), outcomes: new Tally() }));
  const wrong: string[] = [];
  const pass = async (): Promise<number> => {
    wrong.push(...(await onePass(address, classes)));
    return footprintOf(pid).residentBytes;
  };
  const warmPasses = await warm(pass);
  wrong.push(...(await goodRequests(data)));
  const before = await quiet(pid);
  say(`after ${warmPasses} passes to warm up: ${shown(before)}`);
  for (let done = 1; done <= passes; done++) {
    const residentBytes = await pass();
    if (done % 20 === 0) say(`${done} passes: ${mib(residentBytes)} MiB, ${wrong.length} outcomes not as recorded`);
  }
  wrong.push(...(await goodRequests(data)));
  const after = await quiet(pid);
  const isSame = alive([pids.supervisor, pids.control, pid]).length === 3 && (await servingPids(server)).join() === pids.serving.join();
  return judged({ classes, wrong, before, after, warmPasses, isSame });
}

/** Sends all; after each class a good request is sent on a new connection. What was not as recorded. */
async function onePass(address: ServerAddress, classes: readonly ClassRun[]): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const { name, requests, outcomes } of classes) {
    for (const result of await runWrongRequests(address, requests, atOnce)) {
      outcomes.add(result.isAsExpected ? result.actual.join(", ") || "closed" : "not as recorded");
      if (!result.isAsExpected) wrong.push(difference(result));
    }
    const live = await fetch(`http://${address.host}:${address.port}/v2/models/pair/ready`, { headers: { connection: "close" } });
    if (live.status !== 200 || (await live.text()) !== '{"name":"pair","ready":true}') wrong.push(`after ${name} a good request fails`);
  }
  return wrong;
}

function difference({ id, expected, actual }: WrongRequestResult): string {
  return `${id}: ${actual.join(", ") || "closed"} where ${expected.join(", ") || "closed"} is recorded`;
}

async function warm(pass: () => Promise<number>): Promise<number> {
  const resident: number[] = [];
  while (resident.length < warmUp.most) {
    resident.push(await pass());
    const last = resident.slice(-warmUp.levelPasses);
    const isLevel = Math.max(...last) - Math.min(...last) <= warmUp.levelShare * Math.max(...last);
    if (resident.length >= warmUp.fewest && isLevel) break;
  }
  return resident.length;
}

/** An inference in each of the four encodings, with its answer checked. */
async function goodRequests(address: string): Promise<readonly string[]> {
  const clients = connect(address);
  const input: JsonTensor = { name: "x", datatype: "FP32", shape: [1, 2], data: [1.5, -2] };
  const wanted = JSON.stringify([{ ...input, name: "y" }]);
  const wrong: string[] = [];
  for (const encoding of encodings) {
    const outputs = await clients.infer[encoding]("pair", [input]);
    const actual = JSON.stringify(outputs.map(({ name, datatype, shape, data }) => ({ name, datatype, shape, data })));
    if (actual !== wanted) wrong.push(`${encoding}: a good request is answered ${actual}`);
  }
  clients.close();
  return wrong;
}

/** What the process holds once the idle connections of our own clients are gone, which `fetch` keeps for some seconds. */
async function quiet(pid: number): Promise<Footprint> {
  await delay(idleMs);
  return footprintOf(pid);
}

async function servingPids(server: Server): Promise<readonly number[]> {
  return (await server.json<{ readonly pids: { readonly serving: readonly number[] } }>(["doctor"])).pids.serving;
}

interface Outcome {
  readonly classes: readonly ClassRun[];
  readonly wrong: readonly string[];
  readonly before: Footprint;
  readonly after: Footprint;
  readonly warmPasses: number;
  /** No process was replaced. */
  readonly isSame: boolean;
}

function judged({ classes, wrong, before, after, warmPasses, isSame }: Outcome): Measurement {
  const requests = classes.flatMap((one) => one.requests).length;
  const growth = after.residentBytes / before.residentBytes - 1;
  const measured = [
    `${requests} wrong requests of ${classes.length} classes, ${passes} passes after ${warmPasses} to warm up, ${atOnce} at once`,
    `${wrong.length} outcomes not as recorded, good requests in ${encodings.length} encodings are answered, ${isSame ? "no" : "a"} process was replaced`,
    `before ${shown(before)}; after ${shown(after)} (${(growth * 100).toFixed(1)} %)`,
  ].join("; ");
  const isEnough =
    requests >= wanted.requests && classes.length === wanted.classes && classes.every((one) => one.requests.length >= wanted.ofEach);
  const isClean = after.handles <= before.handles && after.threads <= before.threads && growth <= wanted.growthShare;
  const counts = classes.map(({ name, requests: sent, outcomes }) => {
    const each = [...outcomes.counts].toSorted(([, a], [, b]) => b - a).map(([outcome, count]) => `${count} × ${outcome}`);
    return `${name}, ${sent.length} requests: ${each.join("; ")}`;
  });
  return { measured, holds: isEnough && isClean && isSame && wrong.length === 0, details: [...counts, ...wrong.slice(0, 20)] };
}

function shown({ handles, threads, residentBytes }: Footprint): string {
  return `${handles} handles, ${threads} threads, ${mib(residentBytes)} MiB`;
}

function mib(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}
