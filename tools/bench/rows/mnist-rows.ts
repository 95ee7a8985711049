/** MNIST beside ONNX Runtime in a bare Python loop, which no server can beat, and beside the servers that our users know. */
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { type Server, startServer } from "../../acceptance/harness/server.ts";
import { readCases, sharedModel } from "../../acceptance/harness/shared-data.ts";
import type { Peer } from "../../peers/start-peer.ts";
import { processTree, residentFileMib, residentMib } from "../cpu-time.ts";
import { cpuSample, type Encoding, type Load, ourWarmUp, type RequestBodies, send, slowWarmUp, warmUp, writeBodies } from "../load.ts";
import { BareLoop } from "../peers/bare-loop.ts";
import { startFloor } from "../peers/floor.ts";
import { startKserveServer } from "../peers/kserve-server.ts";
import { type LazyPeer, lazily } from "../peers/lazily.ts";
import { startLitServe } from "../peers/litserve.ts";
import { startMlServer } from "../peers/mlserver.ts";
import { type BenchContext, gatedPairs, type OpenGroup, type RowGroup, type RowPlan, type Sample } from "../row.ts";

const model = "mnist";
const peerInFlight = 16;
const besidePeerRequests = 6_000;
/** Requests of each encoding after which a serving process's memory is told a second time. */
const firstAnswers = 1_000;
const everyEncoding: readonly Encoding[] = ["grpc", "rest", "binary"];
const words: Readonly<Record<Encoding, string>> = { grpc: "gRPC (raw)", rest: "REST (JSON)", binary: "REST (binary)" };
/** The loop runs by itself, ours beside its clients: a busy machine disturbs ours more. So samples are short, and there are many. */
const barePairs = 45;
const bareRequests = 2_000;
const bareRuns = 4_000;
/** Ratios of the design's budget: bare loop at 16 and 64 in flight, MLServer in process and by default. */
const bareBudget: Readonly<Record<Encoding, number>> = { grpc: 1.7, rest: 2.6, binary: 2.6 };
const mlserverBudget: Readonly<Partial<Record<Encoding, readonly [inProcess: number, byDefault: number]>>> = {
  grpc: [1 / 11, 1 / 24],
  rest: [1 / 6, 1 / 14],
};

/** See the module. */
export const mnistRows: RowGroup = {
  ids: ["mnist", "memory"],
  title: "MNIST beside the model alone and beside other servers",
  about: `One image of 784 numbers a request, the same model in ONNX Runtime on one thread everywhere. Before the first sample ours has answered ${ourWarmUp} requests of each encoding, a peer ${slowWarmUp}.`,
  open,
};

interface Addresses {
  readonly rest?: string;
  readonly grpc?: string;
}

interface Asked {
  readonly encoding: Encoding;
  readonly inFlight: number;
}

interface Bench {
  readonly folder: string;
  readonly server: Server;
  readonly ours: Addresses & { readonly pid: number };
  readonly bodies: RequestBodies;
  readonly bareLoop: BareLoop;
  readonly mlserver: LazyPeer;
  readonly mlserverDefault: LazyPeer;
  readonly kserve: LazyPeer;
  readonly litserve: LazyPeer;
  readonly floor: LazyPeer;
}

async function open({ folder }: BenchContext): Promise<OpenGroup> {
  const path = sharedModel("mnist/mnist.onnx");
  const served = { name: model, path };
  const server = await startServer(join(folder, "data"));
  await server.json(["deploy", path, "--name", model]);
  const [known] = readCases(sharedModel("mnist/cases.json"));
  const bodies = writeBodies(folder, { model, inputs: known?.inputs ?? [] });
  const ours = { rest: server.ready.data, grpc: server.ready.data, pid: server.ready.pids.supervisor };
  const warm = (server: Addresses, encodings: readonly Encoding[], requests: number): Promise<void> =>
    warmUp(
      encodings.map((encoding) => loadOf(server, bodies, { encoding, inFlight: peerInFlight })),
      requests,
    );
  const warmed = (encodings: readonly Encoding[], start: () => Promise<Peer>): LazyPeer =>
    lazily(start, (peer) => warm(peer, encodings, slowWarmUp));
  await warm(ours, everyEncoding, ourWarmUp);
  const bench: Bench = {
    folder,
    server,
    ours,
    bodies,
    bareLoop: new BareLoop(),
    mlserver: warmed(["grpc", "rest"], () => startMlServer(join(folder, "mlserver"), served, 0)),
    mlserverDefault: warmed(["grpc", "rest"], () => startMlServer(join(folder, "mlserver-default"), served, 1)),
    kserve: warmed(everyEncoding, () => startKserveServer(join(folder, "kserve"), served)),
    litserve: warmed(["rest"], () => startLitServe(join(folder, "litserve"), served)),
    floor: lazily(
      () => startFloor({ folder, modelPath: path, likePid: server.ready.pids.serving[0] ?? 0 }),
      () => Promise.resolve(),
    ),
  };
  return {
    rows: [...bareRows(bench), ...peerRows(bench), ...memoryRows(bench)],
    async close() {
      for (const peer of [bench.bareLoop, bench.mlserver, bench.mlserverDefault, bench.kserve, bench.litserve, bench.floor])
        await peer.stop();
      await server.stop();
    },
  };
}

function loadOf({ rest = "", grpc = "" }: Addresses, bodies: RequestBodies, { encoding, inFlight }: Asked): Load {
  return { address: encoding === "grpc" ? grpc : rest, model, encoding, body: bodies[encoding], inFlight };
}

function bareRows(bench: Bench): readonly RowPlan[] {
  return everyEncoding.flatMap((encoding) => [1, 10, 16, 64].map((inFlight) => bareRow(bench, { encoding, inFlight })));
}

function bareRow(bench: Bench, { encoding, inFlight }: Asked): RowPlan {
  const isGated = inFlight >= 16;
  return {
    id: `mnist-${encoding}-${inFlight}`,
    what: `MNIST over ${words[encoding]}, ${inFlight} in flight: CPU of all our processes a request, beside the model's own run time; what is above 1x is what serving costs`,
    unit: "us CPU",
    peer: "ONNX Runtime in a bare Python loop",
    ...(isGated && { budget: { kind: "maxRatio", value: bareBudget[encoding] }, pairs: barePairs }),
    ours: () => ourCpu(bench, { encoding, inFlight }, bareRequests),
    theirs: () => bench.bareLoop.microsOf(bareRuns),
  };
}

function ourCpu({ ours, bodies }: Bench, asked: Asked, requests: number): Promise<Sample> {
  return cpuSample(loadOf(ours, bodies, asked), { pid: ours.pid, requests });
}

interface ComparedPeer {
  readonly id: string;
  readonly name: string;
  readonly peer: LazyPeer;
  readonly encodings: readonly Encoding[];
  readonly budget?: (encoding: Encoding) => number | undefined;
}

function peerRows(bench: Bench): readonly RowPlan[] {
  const compared: readonly ComparedPeer[] = [
    {
      id: "mlserver",
      name: "MLServer 1.7.1 in process",
      peer: bench.mlserver,
      encodings: ["grpc", "rest"],
      budget: (encoding) => mlserverBudget[encoding]?.[0],
    },
    {
      id: "mlserver-default",
      name: "MLServer 1.7.1 as it comes",
      peer: bench.mlserverDefault,
      encodings: ["grpc", "rest"],
      budget: (encoding) => mlserverBudget[encoding]?.[1],
    },
    { id: "kserve", name: "KServe's server 0.21.0", peer: bench.kserve, encodings: everyEncoding },
    { id: "litserve", name: "LitServe 0.2.19", peer: bench.litserve, encodings: ["rest"] },
  ];
  return compared.flatMap((one) => one.encodings.map((encoding) => peerRow(bench, one, encoding)));
}

function peerRow(bench: Bench, { id, name, peer, budget }: ComparedPeer, encoding: Encoding): RowPlan {
  const value = budget?.(encoding);
  return {
    id: `mnist-${encoding}-${peerInFlight}-${id}`,
    what: `MNIST over ${words[encoding]}, ${peerInFlight} in flight: CPU a request beside ${name} with the same model in ONNX Runtime; what the same traffic needs in machines`,
    unit: "us CPU",
    peer: name,
    ...(value !== undefined && { budget: { kind: "maxRatio", value }, pairs: gatedPairs }),
    ours: () => ourCpu(bench, { encoding, inFlight: peerInFlight }, besidePeerRequests),
    async theirs() {
      const running = await peer.get();
      return cpuSample(loadOf(running, bench.bodies, { encoding, inFlight: peerInFlight }), { pid: running.pid, requests: 1_000 });
    },
  };
}

function memoryRows({ folder, server, bodies, mlserver, kserve, litserve, floor }: Bench): readonly RowPlan[] {
  const loaded = (id: string, peer: LazyPeer, name: string): RowPlan => ({
    id,
    what: `Resident memory of the serving process with one model after the load above (${ourWarmUp} requests of each encoding, then those of the rows above that were measured), beside ${name} after its own: how many fit on a machine`,
    unit: "MiB",
    peer: name,
    ours: async () => memoryOf(server, "; with requests grow malloc's heap, by holes between what lives for a while, and V8's"),
    theirs: async () => residentMib(processTree((await peer.get()).pid)),
  });
  return [
    {
      id: "memory-serving",
      what: "Resident memory (VmRSS) of the serving process with one model that has answered a request in each encoding, a new start each time: what a model takes that is deployed and seldom used",
      unit: "MiB",
      peer: "none",
      budget: { kind: "maxValue", value: 95 },
      ours: () => memoryAfterFirstAnswers(folder, bodies),
    },
    loaded("memory-serving-loaded", mlserver, "MLServer 1.7.1 in process"),
    loaded("memory-serving-floor", floor, "a program of 20 lines that runs the model from a socket"),
    loaded("memory-serving-kserve", kserve, "KServe's server 0.21.0"),
    loaded("memory-serving-litserve", litserve, "LitServe 0.2.19"),
  ];
}

async function memoryAfterFirstAnswers(folder: string, bodies: RequestBodies): Promise<Sample> {
  const server = await startServer(mkdtempSync(join(folder, "first-answers-")));
  try {
    await server.json(["deploy", sharedModel("mnist/mnist.onnx"), "--name", model]);
    const address = { rest: server.ready.data, grpc: server.ready.data };
    const answer = async (requests: number): Promise<void> => {
      for (const encoding of everyEncoding)
        await send(loadOf(address, bodies, { encoding, inFlight: Math.min(requests, peerInFlight) }), requests);
    };
    await answer(1);
    const first = memoryOf(server);
    await answer(firstAnswers);
    return { ...first, detail: `${first.detail}; after ${firstAnswers} more of each encoding ${memoryOf(server).value.toFixed(1)} MiB` };
  } finally {
    await server.stop();
  }
}

function memoryOf({ ready }: Server, more = ""): Sample {
  const { serving } = ready.pids;
  return { value: residentMib(serving), detail: `${residentFileMib(serving).toFixed(1)} of it pages of files${more}` };
}
