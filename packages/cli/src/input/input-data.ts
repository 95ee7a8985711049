/** Elements read from a file, before they are fitted to an input of a model. */
import { type Datatype, type Tensor, tensorFromJson } from "@modelyard/codec";
import { failure, PlatformError } from "@modelyard/core";
import { countOf, fitShape } from "./fit-shape.ts";
import { describeTensor, type TensorMetadata } from "./model-metadata.ts";

/** Elements with the shape the file gives them. */
export interface InputData {
  readonly shape: readonly number[];
  /** Flat, row-major: numbers, bigints, booleans or strings. */
  readonly elements: readonly unknown[];
  /** Raw bytes, when the file has them in a datatype of the protocol: sent as they are if the model wants just that. */
  readonly raw?: { readonly datatype: Datatype; readonly bytes: Uint8Array };
}

/** The tensor for an input. Throws `INPUT_MISMATCH` or `INPUT_INVALID` naming `source`. */
export function toTensor(data: InputData, input: TensorMetadata, source: string): Tensor {
  const { name, datatype } = input;
  const shape = fitShape(data.shape, input.shape);
  if (!shape) throw failure("INPUT_MISMATCH", { source, current: `the shape [${data.shape.join(",")}]`, wanted: describeTensor(input) });
  if (data.raw && datatype !== "BYTES" && data.raw.datatype === datatype) return { name, datatype, shape, bytes: data.raw.bytes };
  const elements = data.elements.map((element) => convert(element, datatype));
  try {
    return tensorFromJson({ name, datatype, shape }, { data: elements, exact: () => elements });
  } catch (error) {
    throw failure("INPUT_INVALID", { source, why: PlatformError.from(error).message }, { cause: error });
  }
}

/** Flattens nested lists; undefined when they are ragged. A scalar has the shape []. */
export function fromNested(value: unknown): InputData | undefined {
  const shape: number[] = [];
  for (let level: unknown = value; Array.isArray(level); level = level[0]) shape.push(level.length);
  const elements: unknown[] = [];
  return collect(value, 0, { shape, elements }) && elements.length === countOf(shape) ? { shape, elements } : undefined;
}

function collect(value: unknown, level: number, into: { readonly shape: readonly number[]; readonly elements: unknown[] }): boolean {
  if (!Array.isArray(value)) {
    into.elements.push(value);
    return level === into.shape.length;
  }
  return value.length === into.shape[level] && value.every((inner) => collect(inner, level + 1, into));
}

/** Between the kinds of number that files and models have; what cannot be converted stays and is refused by the codec. */
function convert(element: unknown, datatype: Datatype): unknown {
  if (typeof element === "bigint" && datatype !== "INT64" && datatype !== "UINT64") return Number(element);
  if (typeof element === "boolean" && datatype !== "BOOL") return Number(element);
  if (typeof element === "number" && !Number.isFinite(element)) return String(element);
  return element;
}
