/** Requests that run together, beside the same model whose requests run alone: a dense net, of which one run of many rows costs little more than one of one. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeModel } from "@modelyard/onnx";
import { createService, waitReady } from "../../acceptance/harness/resources.ts";
import { startServer } from "../../acceptance/harness/server.ts";
import type { JsonTensor } from "../../acceptance/harness/shared-data.ts";
import { capture } from "../../repository.ts";
import { denseNet, denseSizes } from "../dense-net.ts";
import { cpuPerRequest, latenciesIn, ourWarmUp, type RequestBody, send, warmUp, writeBodies } from "../load.ts";
import { type BenchContext, gatedPairs, median, type OpenGroup, type RowGroup } from "../row.ts";

/** See the module. */
export const batchingRows: RowGroup = {
  ids: ["batching"],
  title: "Requests that run together",
  about: `A generated dense net, 784-256-256-10, of which a run of many rows costs little more than one of one; both ways in the same server, which has answered ${ourWarmUp} requests of each, 64 in flight, before the first sample.`,
  open,
};

async function open({ folder }: BenchContext): Promise<OpenGroup> {
  const file = join(folder, "dense.onnx");
  writeFileSync(file, writeModel(denseNet()));
  const server = await startServer(join(folder, "data"));
  const { control, data, pids } = server.ready;
  for (const [name, parameters] of [["together", {}] as const, ["alone", { max_batch_size: "1" }] as const]) {
    await createService(control, { name, file, parameters });
    await waitReady(control, name, 30_000);
  }
  const input: JsonTensor = {
    name: "x",
    datatype: "FP32",
    shape: [1, denseSizes[0]],
    data: Array.from({ length: denseSizes[0] }, (_, index) => (index % 11) / 11),
  };
  const bodyOf = (model: string): RequestBody => writeBodies(folder, { model, inputs: [input] }).grpc;
  const loadOf = (model: string, inFlight: number) =>
    ({ address: data, model, encoding: "grpc", body: bodyOf(model), inFlight, connections: 1 }) as const;
  await warmUp([loadOf("together", 64), loadOf("alone", 64)], ourWarmUp);
  const cpuOf = (model: string) => (): Promise<number> => cpuPerRequest(loadOf(model, 64), { pid: pids.supervisor, requests: 20_000 });
  const log = join(folder, "latencies.log");
  const medianMicrosOf = (model: string) => async (): Promise<number> => {
    await send(loadOf(model, 1), 4_000, log);
    return median(latenciesIn(log));
  };
  return {
    rows: [
      {
        id: "batching-cpu-64",
        what: "A dense net (784-256-256-10) over gRPC, 64 in flight on one connection: CPU of all our processes a request when requests run together",
        unit: "us CPU",
        peer: "the same, each request alone",
        budget: { kind: "maxRatio", value: 1 / 2.5 },
        pairs: gatedPairs,
        ours: cpuOf("together"),
        theirs: cpuOf("alone"),
      },
      {
        id: "batching-run-32",
        what: "The runs of ONNX Runtime alone: time a row in a run of 32 rows, beside a run of one",
        unit: "us",
        peer: "a run of one row",
        budget: { kind: "maxRatio", value: 1 / 4 },
        ours: () => inRuntime(folder, file, "rows"),
        theirs: () => inRuntime(folder, file, "row"),
      },
      {
        id: "batching-runtime-64",
        what: "The runtime alone, 64 requests at once: CPU a request, putting together and apart included",
        unit: "us CPU",
        peer: "the same, each request alone",
        ours: () => inRuntime(folder, file, "together"),
        theirs: () => inRuntime(folder, file, "alone"),
      },
      {
        id: "batching-latency-1",
        what: "The same, one in flight: what running together costs who comes alone, as the median time a request takes",
        unit: "us",
        peer: "the same, each request alone",
        budget: { kind: "maxRatio", value: 1.1 },
        ours: medianMicrosOf("together"),
        theirs: medianMicrosOf("alone"),
      },
    ],
    close: async () => void (await server.stop()),
  };
}

async function inRuntime(folder: string, file: string, mode: "together" | "alone" | "rows" | "row"): Promise<number> {
  const script = join(import.meta.dirname, "..", "programs", "batching-program.ts");
  const { status, stdout, output } = await capture(process.execPath, ["--conditions=modelyard-source", script, folder, file, mode]);
  if (status !== 0) throw new Error(`the batching program ended with ${status}: ${output.slice(-800)}`);
  return Number(stdout);
}
