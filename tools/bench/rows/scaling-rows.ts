/** What a second core brings a model whose runs take about a millisecond, from one connection and from many. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildGraph, buildModel, buildNode, buildTensor, type OnnxModel, tensorValue, writeModel } from "@modelyard/onnx";
import { createService, waitReady } from "../../acceptance/harness/resources.ts";
import { startServer } from "../../acceptance/harness/server.ts";
import { readCases, sharedModel } from "../../acceptance/harness/shared-data.ts";
import { capture } from "../../repository.ts";
import { processTree } from "../cpu-time.ts";
import { type Load, ourWarmUp, send, warmUp, writeBodies } from "../load.ts";
import type { BenchContext, Budget, OpenGroup, RowGroup, RowPlan } from "../row.ts";

const looping = "looping";
const mnist = "mnist";
type ScaledModel = typeof looping | typeof mnist;
const words: Readonly<Record<ScaledModel, string>> = { looping: "A model of about 1 ms a run", mnist: "MNIST" };
const requests: Readonly<Record<ScaledModel, number>> = { looping: 4_000, mnist: 40_000 };
const rounds = 1_500;
const inFlight = 32;

/** See the module. */
export const scalingRows: RowGroup = {
  ids: ["scaling"],
  title: "Two cores beside one",
  about: `The server is kept to one core or two; the generator is not, and takes a part of them. Before the first sample ours has answered ${requests.looping} requests with the slow model and ${ourWarmUp} with MNIST on one connection and as many on ${inFlight}.`,
  open,
};

/** Counts `rounds` times before it answers: about a millisecond, whatever it is asked. */
function loopingModel(): OnnxModel {
  const scalar = (name: string, value: bigint): ReturnType<typeof buildTensor> =>
    buildTensor({ name, datatype: "INT64", shape: [], data: [value] });
  const body = buildGraph({
    nodes: [
      buildNode({ opType: "Identity", inputs: ["going"], outputs: ["goes_on"] }),
      buildNode({ opType: "Add", inputs: ["count", "one"], outputs: ["next"] }),
    ],
    inputs: [tensorValue("round", "INT64", []), tensorValue("going", "BOOL", []), tensorValue("count", "INT64", [])],
    outputs: [tensorValue("goes_on", "BOOL", []), tensorValue("next", "INT64", [])],
  });
  return buildModel({
    nodes: [
      buildNode({ opType: "Loop", inputs: ["rounds", "yes", "zero"], outputs: ["counted"], attributes: { body: { graph: body } } }),
      buildNode({ opType: "Add", inputs: ["x", "counted"], outputs: ["y"] }),
    ],
    inputs: [tensorValue("x", "INT64", [1])],
    outputs: [tensorValue("y", "INT64", [1])],
    initializers: [
      scalar("one", 1n),
      scalar("zero", 0n),
      scalar("rounds", BigInt(rounds)),
      buildTensor({ name: "yes", datatype: "BOOL", shape: [], data: [1] }),
    ],
  });
}

async function open({ folder }: BenchContext): Promise<OpenGroup> {
  const file = join(folder, "looping.onnx");
  writeFileSync(file, writeModel(loopingModel()));
  const server = await startServer(join(folder, "data"));
  const { control, data, pids } = server.ready;
  await createService(control, { name: looping, file });
  await server.json(["deploy", sharedModel("mnist/mnist.onnx"), "--name", mnist]);
  await waitReady(control, looping, 60_000);
  const [known] = readCases(sharedModel("mnist/cases.json"));
  const bodies = {
    [looping]: writeBodies(folder, { model: looping, inputs: [{ name: "x", datatype: "INT64", shape: [1], data: [1] }] }).grpc,
    [mnist]: writeBodies(folder, { model: mnist, inputs: known?.inputs ?? [] }).grpc,
  };
  const loadOf = (model: ScaledModel, connections: number): Load => {
    return { address: data, model, encoding: "grpc", body: bodies[model], inFlight, connections };
  };
  await warmUp([loadOf(mnist, 1), loadOf(mnist, inFlight)], ourWarmUp);
  await warmUp([loadOf(looping, 1)], requests[looping]);
  const rateOn = (cores: string, model: ScaledModel, connections: number) => async (): Promise<number> => {
    await pin(processTree(pids.supervisor), cores);
    const load = loadOf(model, connections);
    await send(load, requests[model] / 10);
    return await send(load, requests[model]);
  };
  const row = (id: string, model: ScaledModel, connections: number): RowPlan => ({
    id,
    what: `${words[model]} over gRPC, ${inFlight} in flight on ${connections === 1 ? "one connection" : "as many connections"}: requests a second on two cores beside one; what a larger machine brings`,
    unit: "requests/s",
    peer: "the same server on one core",
    ours: rateOn("0-1", model, connections),
    theirs: rateOn("0", model, connections),
  });
  const budget: Budget = { kind: "minRatio", value: 1.7 };
  return {
    rows: [
      { ...row("scaling-one-connection", looping, 1), budget },
      { ...row("scaling-connections", looping, inFlight), budget },
      row("scaling-mnist-one-connection", mnist, 1),
      row("scaling-mnist-connections", mnist, inFlight),
    ],
    close: async () => void (await server.stop()),
  };
}

async function pin(pids: readonly number[], cores: string): Promise<void> {
  for (const pid of pids) {
    const { status, output } = await capture("taskset", ["--all-tasks", "--cpu-list", "--pid", cores, String(pid)]);
    if (status !== 0) throw new Error(`the server could not be kept to the cores ${cores}: ${output}`);
  }
}
