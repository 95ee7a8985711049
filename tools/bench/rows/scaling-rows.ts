/** What a second core brings a model whose runs take about a millisecond, from one connection and from many. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildGraph, buildModel, buildNode, buildTensor, type OnnxModel, tensorValue, writeModel } from "@modelyard/onnx";
import { createService, waitReady } from "../../acceptance/harness/resources.ts";
import { startServer } from "../../acceptance/harness/server.ts";
import { capture } from "../../repository.ts";
import { processTree } from "../cpu-time.ts";
import { type Load, send, writeBodies } from "../load.ts";
import type { BenchContext, OpenGroup, RowGroup, RowPlan } from "../row.ts";

/** See the module. */
export const scalingRows: RowGroup = {
  ids: ["scaling"],
  title: "Two cores beside one",
  about: "The server is kept to one core or two; the generator is not, and takes a part of them.",
  open,
};

const model = "looping";
const rounds = 1_500;
const requests = 4_000;
const inFlight = 32;

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
  await createService(control, { name: model, file });
  await waitReady(control, model, 60_000);
  const body = writeBodies(folder, { model, inputs: [{ name: "x", datatype: "INT64", shape: [1], data: [1] }] }).grpc;
  const rateOn = (cores: string, connections: number) => async (): Promise<number> => {
    await pin(processTree(pids.supervisor), cores);
    const load: Load = { address: data, model, encoding: "grpc", body, inFlight, connections };
    await send(load, requests / 10);
    return await send(load, requests);
  };
  const row = (id: string, connections: number, shown: string): RowPlan => ({
    id,
    what: `A model of about 1 ms a run over gRPC, ${inFlight} in flight on ${shown}: requests a second on two cores beside one, the generator on the same machine`,
    unit: "requests/s",
    peer: "the same server on one core",
    budget: { kind: "minRatio", value: 1.7 },
    ours: rateOn("0-1", connections),
    theirs: rateOn("0", connections),
  });
  return {
    rows: [row("scaling-one-connection", 1, "one connection"), row("scaling-connections", inFlight, "as many connections")],
    close: async () => void (await server.stop()),
  };
}

async function pin(pids: readonly number[], cores: string): Promise<void> {
  for (const pid of pids) {
    const { status, output } = await capture("taskset", ["--all-tasks", "--cpu-list", "--pid", cores, String(pid)]);
    if (status !== 0) throw new Error(`the server could not be kept to the cores ${cores}: ${output}`);
  }
}
