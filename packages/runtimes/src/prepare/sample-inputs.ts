/** Inputs to try a model with before anybody sends real ones: every dimension that is not fixed is 1, values are small and valid for most graphs. */
import { type Datatype, elementSizeBytes, type Tensor } from "@modelyard/codec";
import type { PreparedSignature } from "./prepared-info.ts";

// 0.5 in the three float formats, little-endian; FP64 and FP32 are written below. Integers are 0: valid as an index, an axis and a count.
const halfFp16 = 0x3800;
const halfBf16 = 0x3f00;

/** Generated inputs for a signature. */
export function sampleInputs(inputs: readonly PreparedSignature[]): readonly Tensor[] {
  return inputs.map((input) => sampleOf(input));
}

/** Inputs of so many rows, each different where the datatype is a float; `shape` as of one row's inputs that worked. */
export function sampleRows(inputs: readonly Tensor[], rows: number): readonly Tensor[] {
  return inputs.map((input) => {
    const shape = [rows, ...input.shape.slice(1)];
    const [varied] = sampleInputs([{ ...input, boundDatatype: input.datatype, shape }]);
    if (varied && "bytes" in varied) vary(varied.bytes, input.datatype);
    return varied ?? input;
  });
}

/** Numbers between 0 and 1 in an order without a pattern. */
function vary(bytes: Uint8Array, datatype: Datatype): void {
  const numberAt = (index: number): number => ((index * 7919) % 1009) / 1009;
  if (datatype === "FP32") new Float32Array(bytes.buffer).forEach((_, index, all) => void (all[index] = numberAt(index)));
  if (datatype === "FP64") new Float64Array(bytes.buffer).forEach((_, index, all) => void (all[index] = numberAt(index)));
}

function sampleOf({ name, datatype, shape: declared }: PreparedSignature): Tensor {
  const shape = declared.map((dim) => (dim < 0 ? 1 : dim));
  const count = shape.reduce((product, dim) => product * dim, 1);
  // "0" also parses as a number, which graphs on text often do first.
  if (datatype === "BYTES") return { name, datatype, shape, elements: Array.from({ length: count }, () => Buffer.from("0")) };
  const bytes = new Uint8Array(count * elementSizeBytes(datatype));
  fill(bytes, datatype);
  return { name, datatype, shape, bytes };
}

function fill(bytes: Uint8Array, datatype: Datatype): void {
  if (datatype === "FP32") new Float32Array(bytes.buffer).fill(0.5);
  else if (datatype === "FP64") new Float64Array(bytes.buffer).fill(0.5);
  else if (datatype === "FP16") new Uint16Array(bytes.buffer).fill(halfFp16);
  else if (datatype === "BF16") new Uint16Array(bytes.buffer).fill(halfBf16);
}
