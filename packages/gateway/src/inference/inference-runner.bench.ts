/**
 * Time from a gRPC message to the bytes of its answer without sockets and without a model's own work: reading, routing, holding, binding,
 * running an echo, writing. Budget: 4 µs for a raw MNIST image. Microseconds a request, median of five rounds. Run by hand:
 * `node --conditions=modelyard-source packages/gateway/src/inference/inference-runner.bench.ts`.
 */
import {
  type GrpcInferenceRequest,
  type InferenceResponse,
  modelInferRequest,
  readGrpcInferRequest,
  writeGrpcInferResponse,
  writeMessage,
} from "@modelyard/codec";
import { systemClock } from "@modelyard/core";
import { fakeMesh } from "@modelyard/mesh/testing";
import type { LoadedModel } from "@modelyard/runtimes";
import { type ResolvedModel, resolveModel } from "../routing/model-reference.ts";
import { testModel } from "../testing/test-server.ts";
import type { InferenceCall } from "./inference-call.ts";
import { InferenceRunner } from "./inference-runner.ts";

const shape = [1, 1, 28, 28];
const signature = {
  platform: "onnx_onnxruntime",
  inputs: [{ name: "Input3", datatype: "FP32" as const, shape }],
  outputs: [{ name: "Plus214_Output_0", datatype: "FP32" as const, shape }],
};
const loaded = await testModel("default/mnist__isvc-1", { signature });
// The fake's own run keeps a log of events; this one costs nothing.
const model: LoadedModel = {
  ...loaded,
  modelId: loaded.modelId,
  signature,
  placement: "inline",
  maxConcurrency: 0,
  infer: ({ inputs: [input] }) => (input ? [{ ...input, name: "Plus214_Output_0" }] : []),
  unload: () => loaded.unload(),
};
const mesh = fakeMesh({ services: [{ name: "mnist", revisions: [{ revision: 1, model }] }] });
const limits = {
  maxBodyBytes: 2 ** 26,
  maxInFlight: 1000,
  requestTimeoutMs: 60_000,
  maxWaiting: 1000,
  maxWaitingBytes: 2 ** 26,
  maxQueuedPerModel: 100,
};
const runner = new InferenceRunner({ mesh, clock: systemClock(), limits });
const message = writeMessage(modelInferRequest, {
  modelName: "mnist",
  modelVersion: "",
  id: "",
  parameters: [],
  inputs: [{ name: "Input3", datatype: "FP32", shape, parameters: [] }],
  outputs: [],
  rawInputContents: [new Uint8Array(784 * 4)],
});
let answeredBytes = 0;

/** A call whose client is this bench. */
class BenchCall implements InferenceCall {
  readonly resolved: ResolvedModel;
  readonly deadlineMs = undefined;
  readonly sizeBytes = message.length;
  readonly #request: GrpcInferenceRequest;

  constructor() {
    this.#request = readGrpcInferRequest(message);
    const { modelName, modelVersion } = this.#request;
    this.resolved = resolveModel(mesh, { namespace: "default", model: modelName, version: modelVersion });
  }

  request(): GrpcInferenceRequest {
    return this.#request;
  }

  keep(): void {}

  answer(response: InferenceResponse): void {
    answeredBytes += writeGrpcInferResponse(response, { isRaw: true }).length;
  }

  fail(error: unknown): void {
    throw error;
  }

  onGone(): void {}
}

function microsPerRequest(): number {
  const requests = 20_000;
  const startMs = performance.now();
  for (let request = 0; request < requests; request++) runner.start(new BenchCall());
  return ((performance.now() - startMs) * 1000) / requests;
}

microsPerRequest();
const rounds = Array.from({ length: 5 }, microsPerRequest).toSorted((a, b) => a - b);
console.log(`gRPC raw, message to answer  ${(rounds[2] ?? 0).toFixed(2)} µs (${answeredBytes > 0 ? "answered" : "nothing was answered"})`);
