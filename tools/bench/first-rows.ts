/** The first rows: MNIST over gRPC and REST beside ONNX Runtime alone and beside MLServer; start; memory. */
import { join } from "node:path";
import { type Server, startServer } from "../acceptance/harness/server.ts";
import { readCases, sharedModel } from "../acceptance/harness/shared-data.ts";
import { pythonOf } from "../python-environment.ts";
import { capture } from "../repository.ts";
import { cpuMicros, processTree, residentMib } from "./cpu-time.ts";
import { generate, type LoadShape, type RequestBodies, writeBodies } from "./load-generator.ts";
import { type MlServer, startMlServer } from "./mlserver.ts";
import type { RowPlan } from "./row.ts";

const model = "mnist";
/** Ratios of the design's budget, by protocol: ONNX Runtime in a bare loop, MLServer in process. */
const budgets = { gRPC: { bare: 1.7, mlserver: 1 / 11 }, REST: { bare: 2.6, mlserver: 1 / 6 } } as const;

/** What the rows share: the servers, which run all the time, and the bodies. */
export interface Bench {
  readonly folder: string;
  readonly server: Server;
  readonly mlserver: MlServer | undefined;
  readonly bodies: RequestBodies;
}

/** Starts both servers with the same model. */
export async function openBench(folder: string, say: (line: string) => void): Promise<Bench> {
  const path = sharedModel("mnist/mnist.onnx");
  const server = await startServer(join(folder, "data"));
  await server.json(["deploy", path, "--name", model]);
  const mlserver = await startMlServer(join(folder, "mlserver"), { name: model, path }).catch((error: unknown) => {
    say(`MLServer is missing: ${String(error).slice(0, 300)}`);
    return undefined;
  });
  const [known] = readCases(sharedModel("mnist/cases.json"));
  return { folder, server, mlserver, bodies: writeBodies(folder, { model, inputs: known?.inputs ?? [] }) };
}

/** Ends both. */
export async function closeBench(bench: Bench): Promise<void> {
  await bench.mlserver?.stop();
  await bench.server.stop();
}

/** The rows, in the order in which they are measured. */
export function firstRows(bench: Bench): readonly RowPlan[] {
  const shapes = (["gRPC", "REST"] as const).flatMap((protocol) => ([1, 10, 64] as const).map((inFlight) => ({ protocol, inFlight })));
  return [...shapes.flatMap((shape) => inferenceRows(bench, shape)), ...startRows(bench), memoryRow(bench)];
}

function inferenceRows(bench: Bench, shape: LoadShape): readonly RowPlan[] {
  const id = `mnist-${shape.protocol === "gRPC" ? "grpc" : "rest"}-${shape.inFlight}`;
  const sent = `MNIST over ${shape.protocol === "gRPC" ? "gRPC (raw)" : "REST (JSON)"}, ${shape.inFlight} in flight`;
  const ours = (): Promise<number> =>
    cpuPerRequest(bench, { shape, pid: bench.server.ready.pids.supervisor, address: bench.server.ready.data, requests: 8000 });
  const { mlserver } = bench;
  const bareBudget = shape.inFlight === 1 ? {} : { maxRatio: budgets[shape.protocol].bare };
  const bare: RowPlan = {
    id,
    what: `${sent}: CPU of all our processes a request, beside the model's own run time; what is above 1x is what serving costs`,
    unit: "us CPU",
    peer: "ONNX Runtime in a bare Python loop",
    ...bareBudget,
    ours,
    theirs: bareLoop,
  };
  if (!mlserver) return [bare];
  const address = shape.protocol === "gRPC" ? mlserver.grpc : mlserver.rest;
  const theirs = (): Promise<number> => cpuPerRequest(bench, { shape, pid: mlserver.pid, address, requests: 1500 });
  const mlBudget = shape.inFlight === 1 ? {} : { maxRatio: budgets[shape.protocol].mlserver };
  return [
    bare,
    {
      id: `${id}-mlserver`,
      what: `${sent}: CPU a request beside MLServer with the same model`,
      unit: "us CPU",
      peer: "MLServer 1.7.1 in process",
      ...mlBudget,
      ours,
      theirs,
    },
  ];
}

interface Asked {
  readonly shape: LoadShape;
  readonly pid: number;
  readonly address: string;
  readonly requests: number;
}

async function cpuPerRequest(bench: Bench, asked: Asked): Promise<number> {
  const { shape, address, requests } = asked;
  await generate({ shape, address, model, bodies: bench.bodies, requests: 300 });
  const pids = processTree(asked.pid);
  const before = cpuMicros(pids);
  await generate({ shape, address, model, bodies: bench.bodies, requests });
  return (cpuMicros(pids) - before) / requests;
}

async function bareLoop(): Promise<number> {
  const script = join(import.meta.dirname, "python", "bare_loop.py");
  const { status, output } = await capture(await pythonOf("onnxruntime"), [
    script,
    sharedModel("mnist/mnist.onnx"),
    sharedModel("mnist/cases.json"),
    "20000",
  ]);
  if (status !== 0) throw new Error(`the bare loop ended with ${status}: ${output.slice(-500)}`);
  return (JSON.parse(output.slice(output.lastIndexOf("{"))) as { readonly micros: number }).micros;
}

function startRows(bench: Bench): readonly RowPlan[] {
  let count = 0;
  const ours = async (): Promise<number> => {
    const server = await startServer(join(bench.folder, `start-${count++}`));
    await server.stop();
    return server.startMs;
  };
  const theirs = async (): Promise<number> => {
    const peer = await startMlServer(join(bench.folder, `mlserver-${count++}`), { name: model, path: sharedModel("mnist/mnist.onnx") });
    await peer.stop();
    return peer.startMs;
  };
  const what = "`modelyard up` on an empty folder until it is ready: how long a restart takes";
  return [
    {
      id: "start-to-ready",
      what,
      unit: "ms",
      peer: bench.mlserver ? "MLServer 1.7.1 in process" : "none",
      maxValue: 1000,
      ours,
      ...(bench.mlserver ? { theirs } : {}),
    },
  ];
}

function memoryRow(bench: Bench): RowPlan {
  const { mlserver, server } = bench;
  return {
    id: "memory-serving",
    what: "Resident memory of the serving process with one model after the load above: how many fit on a machine",
    unit: "MiB",
    peer: mlserver ? "MLServer 1.7.1 in process" : "none",
    maxValue: 95,
    ours: async () => residentMib(server.ready.pids.serving),
    ...(mlserver ? { theirs: async () => residentMib(processTree(mlserver.pid)) } : {}),
  };
}
