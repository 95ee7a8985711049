/**
 * Makes a model fit for the binding to ONNX Runtime without changing any result: casts around the datatype the binding cannot carry, tensors
 * in the place of maps. Names of inputs and outputs stay.
 *
 * What the binding (onnxruntime-node 1.30) carries, found by running a graph of each element type: every datatype of the protocol but BF16,
 * with FP16 as 16-bit patterns; no sequence, map or optional output.
 */
import type { Datatype } from "@modelyard/codec";
import { type RowIndependence, rowIndependence } from "../batch/row-independence.ts";
import type { Finding } from "../finding.ts";
import type { OnnxModel } from "../model.ts";
import { parseModel, writeModel } from "../parse-model.ts";
import { type GraphValue, graphSignature } from "../signature.ts";
import { castInputs, castOutputs, uncastable } from "./cast-boundary.ts";
import { type ClassLabels, mapsToTensors } from "./maps-to-tensors.ts";

/** An input or output of a prepared model. */
export interface PreparedTensor {
  readonly name: string;
  /** As clients see it. */
  readonly datatype: Datatype;
  /**
   * As the prepared graph takes or gives it. Differs from `datatype` for BF16 only, which travels as FP32: every BF16 is an FP32, and the
   * graph rounds none of those. An answer is rounded to BF16 to the nearest, ties to even, because the runtime may drop a pair of casts.
   * (Not kept: the payload of a NaN.)
   */
  readonly boundDatatype: Datatype;
  /** -1 = any size. `undefined`: the file does not say the rank; the runtime may know more after loading. */
  readonly shape: readonly number[] | undefined;
  /** Of an output that was a map from class to probability: the class of each column. */
  readonly classLabels?: ClassLabels;
}

/** A model ready for the runtime. */
export interface PreparedGraph {
  /** The bytes that were given when nothing had to change. External data keeps its relative locations. */
  readonly bytes: Uint8Array;
  readonly signature: { readonly inputs: readonly PreparedTensor[]; readonly outputs: readonly PreparedTensor[] };
  /** What was changed, one sentence each; empty = nothing. */
  readonly edits: readonly string[];
  /** Whether requests can be run together. */
  readonly rows: RowIndependence;
  /** Inputs and outputs that cannot be served. One of severity `error` means: do not load it. Whether the model is sound is for `checkModel`. */
  readonly findings: readonly Finding[];
}

/** Prepares a model. Throws `ONNX_INVALID` when the bytes are not a model. */
export function prepareGraph(source: Uint8Array | OnnxModel): PreparedGraph {
  const model = source instanceof Uint8Array ? parseModel(source) : source;
  const maps = mapsToTensors(model);
  const wanted = graphSignature(maps.model);
  const findings = [...wanted.findings, ...uncastable(maps.model)];
  const prepared = findings.length > 0 ? maps : castOutputs(castInputs(maps));
  const isUnchanged = prepared.model === model && source instanceof Uint8Array;
  return {
    bytes: isUnchanged ? source : writeModel(prepared.model),
    signature: {
      inputs: wanted.inputs.flatMap((value) => preparedTensor(value)),
      outputs: wanted.outputs.flatMap((value) => preparedTensor(value, maps.classLabels.get(value.name))),
    },
    edits: prepared.edits,
    rows: rowIndependence(prepared.model),
    findings,
  };
}

function preparedTensor(value: GraphValue, classLabels?: ClassLabels): readonly PreparedTensor[] {
  if (value.kind === "other") return [];
  const { name, datatype, shape } = value;
  const boundDatatype = datatype === "BF16" ? "FP32" : datatype;
  return [{ name, datatype, boundDatatype, shape, ...(classLabels === undefined ? {} : { classLabels }) }];
}
