/**
 * Time of reading requests and writing answers, microseconds a message, median of five rounds. Run by hand:
 * `node --conditions=modelyard-source packages/codec/src/inference/inference.bench.ts`.
 */
import type { Tensor } from "../tensor.ts";
import { GrpcInferForm } from "./grpc-infer-form.ts";
import { readGrpcInferRequest } from "./grpc-infer-request.ts";
import { writeGrpcInferResponse } from "./grpc-infer-response.ts";
import { type InferenceInput, tensorOfInput } from "./inference-message.ts";
import { RestInferForm } from "./rest-infer-form.ts";
import { readRestInferRequest } from "./rest-infer-request.ts";
import { writeRestInferResponse } from "./rest-infer-response.ts";

const pixels = Float32Array.from({ length: 784 }, (_, index) => (index * 7919) % 256);
const bytes = new Uint8Array(pixels.buffer);
const image: Tensor = { name: "Input3", datatype: "FP32", shape: [1, 1, 28, 28], bytes };
const scores: Tensor = { name: "Plus214_Output_0", datatype: "FP32", shape: [1, 10], bytes: bytes.subarray(0, 40) };

/** A response with the request's field numbers for its tensors serves as a request: name 1, inputs 5; only raw contents differ (6, 7). */
function grpcRequest(isRaw: boolean): Uint8Array {
  const message = writeGrpcInferResponse({ modelName: "mnist", modelVersion: "", id: "", outputs: [image] }, { isRaw });
  const rawTag = message.length - bytes.length - 3;
  if (isRaw) message[rawTag] = 0x3a;
  return message;
}

const header = { name: "Input3", datatype: "FP32", shape: [1, 1, 28, 28] };
const json = Buffer.from(JSON.stringify({ inputs: [{ ...header, data: [...pixels] }] }));
const precise = Buffer.from(JSON.stringify({ inputs: [{ ...header, data: Array.from(pixels, (pixel) => Math.fround(pixel / 255)) }] }));
const binaryHead = Buffer.from(JSON.stringify({ inputs: [{ ...header, parameters: { binary_data_size: bytes.length } }] }));
const binary = Buffer.concat([binaryHead, bytes]);
const raw = grpcRequest(true);
const typed = grpcRequest(false);
const form = new GrpcInferForm(0);
const restForm = (): RestInferForm => new RestInferForm();
const [jsonForm, preciseForm, binaryForm, jsonAnswers, binaryAnswers] = [restForm(), restForm(), restForm(), restForm(), restForm()];
for (const answers of [jsonAnswers, binaryAnswers]) for (let message = 0; message < 2; message++) answers.read(json, undefined);
const response = { modelName: "mnist", modelVersion: "1", id: "", outputs: [scores] };

const rows: Readonly<Record<string, () => unknown>> = {
  "gRPC raw request": () => tensors(readGrpcInferRequest(raw)),
  "gRPC raw request, repeated": () => tensors(form.read(raw)),
  "gRPC typed request": () => tensors(readGrpcInferRequest(typed)),
  "REST binary request": () => tensors(readRestInferRequest(binary, binaryHead.length)),
  "REST binary request, repeated": () => tensors(binaryForm.read(binary, binaryHead.length)),
  "REST JSON request, whole numbers, repeated": () => tensors(jsonForm.read(json, undefined)),
  "REST JSON request, 17 digits, repeated": () => tensors(preciseForm.read(precise, undefined)),
  "REST JSON response, repeated": () => jsonAnswers.write(response, () => false),
  "REST binary response, repeated": () => binaryAnswers.write(response, () => true),
  "REST JSON request, whole numbers": () => tensors(readRestInferRequest(json, undefined)),
  "REST JSON request, 17 digits": () => tensors(readRestInferRequest(precise, undefined)),
  "gRPC raw response": () => writeGrpcInferResponse(response, { isRaw: true }),
  "gRPC raw response, repeated": () => form.write(response, true),
  "gRPC typed response": () => writeGrpcInferResponse(response, { isRaw: false }),
  "REST JSON response": () => writeRestInferResponse(response, () => false),
  "REST binary response": () => writeRestInferResponse(response, () => true),
};

function tensors(request: { readonly inputs: readonly InferenceInput[] }): readonly Tensor[] {
  return request.inputs.map(tensorOfInput);
}

function microsPerCall(act: () => unknown): number {
  const rounds = Array.from({ length: 5 }, () => {
    const calls = 5000;
    const startMs = performance.now();
    for (let call = 0; call < calls; call++) act();
    return ((performance.now() - startMs) * 1000) / calls;
  });
  return rounds.toSorted((a, b) => a - b)[2] ?? 0;
}

for (const act of Object.values(rows)) microsPerCall(act);
for (const [name, act] of Object.entries(rows)) console.log(`${name.padEnd(44)} ${microsPerCall(act).toFixed(2)} µs`);
