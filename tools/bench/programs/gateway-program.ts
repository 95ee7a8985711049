/** Our gateway over our wire server with a model that only gives back the first ten numbers: what fastify is compared with where no model runs. Argument: port. */
import { metricsRegistry, silentLog, systemClock } from "@modelyard/core";
import { createGateway } from "@modelyard/gateway";
import { fakeMesh } from "@modelyard/mesh/testing";
import type { LoadedModel } from "@modelyard/runtimes";
import { createWireServer } from "@modelyard/wire";

const model: LoadedModel = {
  modelId: "default/mnist__isvc-1",
  signature: {
    platform: "onnx_onnxruntime",
    inputs: [{ name: "Input3", datatype: "FP32", shape: [1, 1, 28, 28] }],
    outputs: [{ name: "y", datatype: "FP32", shape: [1, 10] }],
  },
  sizeBytes: 1,
  sizeSource: "estimated",
  maxConcurrency: 0,
  placement: "inline",
  runMicros: 1,
  infer({ inputs: [input] }) {
    const bytes = input && "bytes" in input ? input.bytes.subarray(0, 40) : new Uint8Array(40);
    return [{ name: "y", datatype: "FP32", shape: [1, 10], bytes }];
  },
  unload: () => Promise.resolve(),
};

const clock = systemClock();
const log = silentLog();
const mesh = fakeMesh({ services: [{ name: "mnist", revisions: [{ revision: 1, model }] }] });
const gateway = createGateway({ mesh, clock, log, metrics: metricsRegistry(), serverName: "modelyard", serverVersion: "1" });
const server = createWireServer({ clock, log }, gateway.onRequest);
await server.listen({ host: "127.0.0.1", port: Number(process.argv[2] ?? 0) });
