/** Requests that run together, beside the same model whose requests run alone: a dense net, of which one run of many rows costs little more than one of one. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildModel, buildNode, buildTensor, type OnnxModel, tensorValue, writeModel } from "@modelyard/onnx";
import { createService, waitReady } from "../../acceptance/harness/resources.ts";
import { startServer } from "../../acceptance/harness/server.ts";
import type { JsonTensor } from "../../acceptance/harness/shared-data.ts";
import { cpuPerRequest, type RequestBody, send, writeBodies } from "../load.ts";
import type { BenchContext, OpenGroup, RowGroup } from "../row.ts";

/** See the module. */
export const batchingRows: RowGroup = { ids: ["batching"], open };

const sizes = [784, 256, 256, 10] as const;

/** 784-256-256-10 with rectifiers. */
function denseNet(): OnnxModel {
  const layers = sizes.slice(1).map((columns, index) => ({ rows: sizes[index] ?? 0, columns, index }));
  const weights = (count: number, salt: number): Uint8Array =>
    new Uint8Array(new Float32Array(count).map((_, at) => (((at + salt) * 7919) % 1009) / 5_045 - 0.1).buffer);
  return buildModel({
    nodes: layers.flatMap(({ index }) => {
      const isLast = index === layers.length - 1;
      const gemm = buildNode({
        opType: "Gemm",
        inputs: [index === 0 ? "x" : `a${index}`, `w${index}`, `b${index}`],
        outputs: [isLast ? "y" : `g${index}`],
      });
      return isLast ? [gemm] : [gemm, buildNode({ opType: "Relu", inputs: [`g${index}`], outputs: [`a${index + 1}`] })];
    }),
    inputs: [tensorValue("x", "FP32", ["n", sizes[0]])],
    outputs: [tensorValue("y", "FP32", ["n", sizes[3]])],
    initializers: layers.flatMap(({ rows, columns, index }) => [
      buildTensor({ name: `w${index}`, datatype: "FP32", shape: [rows, columns], data: weights(rows * columns, index) }),
      buildTensor({ name: `b${index}`, datatype: "FP32", shape: [columns], data: weights(columns, index) }),
    ]),
  });
}

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
    shape: [1, sizes[0]],
    data: Array.from({ length: sizes[0] }, (_, index) => (index % 11) / 11),
  };
  const bodyOf = (model: string): RequestBody => writeBodies(folder, { model, inputs: [input] }).grpc;
  const loadOf = (model: string, inFlight: number) =>
    ({ address: data, model, encoding: "grpc", body: bodyOf(model), inFlight, connections: 1 }) as const;
  const cpuOf = (model: string) => (): Promise<number> => cpuPerRequest(loadOf(model, 64), { pid: pids.supervisor, requests: 20_000 });
  const medianMicrosOf = (model: string) => async (): Promise<number> => 1e6 / (await send(loadOf(model, 1), 4_000));
  return {
    rows: [
      {
        id: "batching-cpu-64",
        what: "A dense net (784-256-256-10) over gRPC, 64 in flight on one connection: CPU of all our processes a request when requests run together",
        unit: "us CPU",
        peer: "the same, each request alone",
        budget: { kind: "maxRatio", value: 1 / 2.5 },
        ours: cpuOf("together"),
        theirs: cpuOf("alone"),
      },
      {
        id: "batching-latency-1",
        what: "The same, one in flight: what running together costs who comes alone, as the time a request takes",
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
