/** What a graph takes and gives, in the words of the inference protocol. */
import type { Datatype } from "@modelyard/codec";
import type { Finding } from "./finding.ts";
import type { OnnxModel } from "./model.ts";

/** A graph input or output that is a tensor of a datatype the protocol knows. */
export interface TensorValue {
  readonly kind: "tensor";
  readonly name: string;
  readonly datatype: Datatype;
  /** -1 = any size. `undefined`: the file does not even say the rank. */
  readonly shape: readonly number[] | undefined;
}

/** A graph input or output that the protocol has no form for: a sequence, map, optional or sparse tensor, or a tensor of another element type. */
export interface OtherValue {
  readonly kind: "other";
  readonly name: string;
  /** Its type, for example `seq(map(int64,tensor(float)))`. */
  readonly type: string;
}

/** One input or output of a graph. */
export type GraphValue = TensorValue | OtherValue;

/** Inputs that a caller must give (those with a default, that is an initializer of the same name, are left out) and outputs, in file order. */
export interface GraphSignature {
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
  /** One `TYPE_UNSUPPORTED` or `TYPE_MISSING` per value that is not a tensor of the protocol. */
  readonly findings: readonly Finding[];
}

/** Describes the inputs and outputs of a model's graph. */
export function graphSignature(_model: OnnxModel): GraphSignature {
  return { inputs: [], outputs: [], findings: [] };
}
