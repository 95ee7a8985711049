/**
 * The border between the protocol's tensors and those of ONNX Runtime, compiled once per model.
 *
 * Hot path. Fixed-size inputs are handed over as views of the caller's bytes (copied only where their offset does not suit the element size),
 * outputs are views of what the runtime returned. Budget: under 1 µs for a model with one input and one output.
 * BF16 travels as FP32 (the prepared graph holds the casts): widening is a shift, and the casted result has zeros in the lower half.
 */
import { isUtf8 } from "node:buffer";
import { type Datatype, elementSizeBytes, type FixedDatatype, type Tensor } from "@modelyard/codec";
import { assert, failure } from "@modelyard/core";
import type { InferRequest } from "../contract.ts";
import { chooseStandIn, type StandIn } from "./nul-stand-in.ts";
import type { OrtTensor, OrtTensors } from "./ort-engine.ts";

/** What the border must know of an input or output. */
export interface BoundTensor {
  readonly name: string;
  /** As clients see it. */
  readonly datatype: Datatype;
  /** As the prepared graph takes or gives it. */
  readonly boundDatatype: Datatype;
}

/** Converts the tensors of one model. */
export interface TensorBorder {
  /** Throws `INVALID_UTF8`. */
  feeds(request: InferRequest): BoundRequest;
  /** Outputs in the order they were asked for. */
  results(bound: BoundRequest, outputs: OrtTensors): readonly Tensor[];
}

/** A request in the runtime's form. */
export interface BoundRequest {
  readonly feeds: OrtTensors;
  readonly fetches: Readonly<Record<string, null>>;
  readonly outputs: readonly BoundTensor[];
  /** Set when a string of the request holds NUL: see `nul-stand-in.ts`. */
  readonly standIn: StandIn | undefined;
}

interface ViewMaker {
  readonly type: string;
  readonly view: (buffer: ArrayBufferLike, offset: number, length: number) => ArrayBufferView<ArrayBufferLike>;
}

const makers: Readonly<Record<Exclude<FixedDatatype, "BF16">, ViewMaker>> = {
  BOOL: { type: "bool", view: (buffer, offset, length) => new Uint8Array(buffer, offset, length) },
  UINT8: { type: "uint8", view: (buffer, offset, length) => new Uint8Array(buffer, offset, length) },
  UINT16: { type: "uint16", view: (buffer, offset, length) => new Uint16Array(buffer, offset, length) },
  UINT32: { type: "uint32", view: (buffer, offset, length) => new Uint32Array(buffer, offset, length) },
  UINT64: { type: "uint64", view: (buffer, offset, length) => new BigUint64Array(buffer, offset, length) },
  INT8: { type: "int8", view: (buffer, offset, length) => new Int8Array(buffer, offset, length) },
  INT16: { type: "int16", view: (buffer, offset, length) => new Int16Array(buffer, offset, length) },
  INT32: { type: "int32", view: (buffer, offset, length) => new Int32Array(buffer, offset, length) },
  INT64: { type: "int64", view: (buffer, offset, length) => new BigInt64Array(buffer, offset, length) },
  FP16: { type: "float16", view: (buffer, offset, length) => new Uint16Array(buffer, offset, length) },
  FP32: { type: "float32", view: (buffer, offset, length) => new Float32Array(buffer, offset, length) },
  FP64: { type: "float64", view: (buffer, offset, length) => new Float64Array(buffer, offset, length) },
};

/** Compiles the border of a model. */
export function tensorBorder(signature: {
  readonly inputs: readonly BoundTensor[];
  readonly outputs: readonly BoundTensor[];
}): TensorBorder {
  const allOutputs = signature.outputs;
  const allFetches = fetchesOf(allOutputs);
  // Of many models few are ever asked for some of their outputs only.
  let byName: ReadonlyMap<string, BoundTensor> | undefined;
  const select = (names: readonly string[]): readonly BoundTensor[] =>
    names.map((name) => {
      byName ??= new Map(allOutputs.map((output) => [output.name, output]));
      const output = byName.get(name);
      assert(output, `the caller asks for an output of the model, not "${name}"`);
      return output;
    });
  const hasStrings = signature.inputs.some((input) => input.datatype === "BYTES");
  return {
    feeds({ inputs, outputNames }) {
      const standIn = hasStrings ? chooseStandIn(inputs) : undefined;
      const feeds: Record<string, OrtTensor> = {};
      for (const input of inputs) feeds[input.name] = feedOf(input, standIn);
      if (outputNames === undefined) return { feeds, fetches: allFetches, outputs: allOutputs, standIn };
      const outputs = select(outputNames);
      return { feeds, fetches: fetchesOf(outputs), outputs, standIn };
    },
    results: (bound, outputs) => bound.outputs.map((output) => resultOf(output, outputs[output.name], bound.standIn)),
  };
}

function fetchesOf(outputs: readonly BoundTensor[]): Readonly<Record<string, null>> {
  return Object.fromEntries(outputs.map((output) => [output.name, null]));
}

function feedOf(input: Tensor, standIn: StandIn | undefined): OrtTensor {
  if (input.datatype === "BYTES") return { type: "string", dims: input.shape, data: textsOf(input, standIn), location: "cpu" };
  if (input.datatype === "BF16") return { type: "float32", dims: input.shape, data: widen(input.bytes), location: "cpu" };
  const maker = makers[input.datatype];
  const sizeBytes = elementSizeBytes(input.datatype);
  const given = input.datatype === "BOOL" ? zerosAndOnes(input.bytes) : input.bytes;
  const bytes = given.byteOffset % sizeBytes === 0 ? given : new Uint8Array(given);
  return {
    type: maker.type,
    dims: input.shape,
    data: maker.view(bytes.buffer, bytes.byteOffset, bytes.byteLength / sizeBytes),
    location: "cpu",
  };
}

function resultOf(output: BoundTensor, value: OrtTensor | undefined, standIn: StandIn | undefined): Tensor {
  assert(value, `the runtime gives the output "${output.name}"`);
  const { name, datatype } = output;
  // The binding's array of dimensions is made for this result alone.
  const shape = value.dims;
  if (datatype === "BYTES") {
    // String outputs of the binding are arrays of strings.
    const texts = value.data as readonly string[];
    return { name, datatype, shape, elements: texts.map((text) => Buffer.from(standIn ? standIn.restore(text) : text, "utf8")) };
  }
  const data = value.data as ArrayBufferView<ArrayBufferLike>;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { name, datatype, shape, bytes: datatype === "BF16" ? narrow(bytes) : bytes };
}

function textsOf(input: Extract<Tensor, { datatype: "BYTES" }>, standIn: StandIn | undefined): string[] {
  return input.elements.map((element, index) => {
    if (!isUtf8(element)) throw failure("INVALID_UTF8", { input: input.name, index });
    const text = Buffer.from(element.buffer, element.byteOffset, element.byteLength).toString("utf8");
    return standIn ? standIn.replace(text) : text;
  });
}

/** BOOL bytes other than 0 and 1 are undefined behaviour in the kernels; any other value counts as true. */
function zerosAndOnes(bytes: Uint8Array): Uint8Array {
  return bytes.some((byte) => byte > 1) ? bytes.map((byte) => (byte === 0 ? 0 : 1)) : bytes;
}

function widen(bytes: Uint8Array): Float32Array {
  const narrowBits = new Uint16Array(new Uint8Array(bytes).buffer);
  const wideBits = new Uint32Array(narrowBits.length);
  for (let index = 0; index < narrowBits.length; index++) wideBits[index] = (narrowBits[index] ?? 0) << 16;
  return new Float32Array(wideBits.buffer);
}

function narrow(bytes: Uint8Array): Uint8Array {
  const halves = new Uint16Array(
    bytes.byteOffset % 2 === 0 ? bytes.buffer : new Uint8Array(bytes).buffer,
    bytes.byteOffset % 2 === 0 ? bytes.byteOffset : 0,
    bytes.byteLength / 2,
  );
  const narrowBits = new Uint16Array(halves.length / 2);
  for (let index = 0; index < narrowBits.length; index++) narrowBits[index] = halves[2 * index + 1] ?? 0;
  return new Uint8Array(narrowBits.buffer);
}
