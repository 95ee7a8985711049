/**
 * A model's signature in the words of Triton's model configuration, which perf_analyzer and tritonclient ask for before anything else.
 *
 * A model all of whose tensors have an open first dimension takes batches: the configuration leaves that dimension out of `dims`, and an output
 * that has no other is `dims: [1]` reshaped to `[]`, as Triton completes the configuration of ONNX models. Any other model has
 * `maxBatchSize` 0 and its full shape, and so has one with an input of one dimension: perf_analyzer sends nothing to a tensor that is all batch.
 * Source: Triton's `model_config.proto`.
 */
import type { Datatype } from "@modelyard/codec";
import type { ModelSignature, SharedRun, TensorSignature } from "@modelyard/runtimes";
import { type ModelMetadataDeps, signatureOf } from "../inference/model-metadata.ts";
import type { Waiter } from "../inference/request-life.ts";
import type { ResolvedModel } from "../routing/model-reference.ts";
import type { InferenceSize } from "./model-statistics.ts";

/** An input or output. */
export interface TensorConfiguration {
  readonly name: string;
  /** For example `TYPE_FP32`. */
  readonly dataType: `TYPE_${string}`;
  /** Without the batch dimension; -1 = any size. */
  readonly dims: readonly number[];
  /** The shape the model has where `dims` may not be empty. */
  readonly reshape?: { readonly shape: readonly number[] };
}

/** A model's configuration. */
export interface ModelConfiguration {
  readonly name: string;
  readonly platform: string;
  readonly backend: string;
  readonly versionPolicy: { readonly specific: { readonly versions: readonly number[] } };
  /** 0: the model takes no batches. */
  readonly maxBatchSize: number;
  readonly input: readonly TensorConfiguration[];
  readonly output: readonly TensorConfiguration[];
  readonly instanceGroup: readonly { readonly name: string; readonly kind: "KIND_CPU"; readonly count: number }[];
  readonly modelTransactionPolicy: { readonly decoupled: false };
}

/** The configuration of a revision; a model that was never loaded is loaded to ask it. */
export async function modelConfiguration(deps: ModelMetadataDeps, resolved: ResolvedModel, waiter: Waiter): Promise<ModelConfiguration> {
  const signature = await signatureOf(deps, resolved, waiter);
  const { model, route } = resolved;
  const isBatched = takesBatches(signature);
  const { platform, backend } = wordsOf(signature.platform);
  return {
    name: model,
    platform,
    backend,
    versionPolicy: { specific: { versions: route.revisions.map((one) => one.revision) } },
    maxBatchSize: isBatched ? largestBatch : 0,
    input: signature.inputs.map((tensor) => tensorConfiguration(tensor, isBatched)),
    output: signature.outputs.map((tensor) => tensorConfiguration(tensor, isBatched)),
    instanceGroup: [{ name: model, kind: "KIND_CPU", count: 1 }],
    modelTransactionPolicy: { decoupled: false },
  };
}

/** Whether the first dimension of every input and output is a batch of any size. */
export function takesBatches({ inputs, outputs }: ModelSignature): boolean {
  return inputs.length > 0 && inputs.every(hasBatch) && outputs.every(({ shape }) => shape[0] === -1);
}

function hasBatch({ shape }: TensorSignature): boolean {
  return shape.length > 1 && shape[0] === -1;
}

/** How many inferences a request is, and its run: the size of their batches, for a model that takes none 1 a request. */
export function inferenceSizeOf(
  inputs: readonly { readonly shape: readonly number[] }[],
  signature: ModelSignature,
  shared: SharedRun | undefined,
): InferenceSize {
  const [input] = inputs;
  // The inputs were bound: asking the first of the signature is cheap, and right for all but models of mixed form.
  const [first] = signature.inputs;
  const isBatched = first !== undefined && hasBatch(first);
  const batchSize = isBatched ? (input?.shape[0] ?? 1) : 1;
  if (!shared) return { batchSize, runSize: batchSize };
  if (!shared.isCounted) return { batchSize, runSize: 0 };
  return { batchSize, runSize: isBatched ? shared.rows : shared.requests };
}

/** The largest the field can say: the only limit is that of the body. */
const largestBatch = 2 ** 31 - 1;

function tensorConfiguration({ name, datatype, shape }: TensorSignature, isBatched: boolean): TensorConfiguration {
  const dataType = dataTypeOf(datatype);
  const dims = isBatched ? shape.slice(1) : shape;
  return dims.length === 0 ? { name, dataType, dims: [1], reshape: { shape: [] } } : { name, dataType, dims };
}

function dataTypeOf(datatype: Datatype): `TYPE_${string}` {
  return datatype === "BYTES" ? "TYPE_STRING" : `TYPE_${datatype}`;
}

/** Triton turns the two halves of our platform around. */
function wordsOf(platform: string): { readonly platform: string; readonly backend: string } {
  return platform === "onnx_onnxruntime" ? { platform: "onnxruntime_onnx", backend: "onnxruntime" } : { platform, backend: "" };
}
