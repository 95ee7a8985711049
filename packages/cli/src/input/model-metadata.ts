/** What a model says of itself at the data plane (`GET /v2/models/NAME` of the Open Inference Protocol). */
import { type Datatype, isDatatype } from "@modelyard/codec";

/** An input or output; -1 in a shape is any size. */
export interface TensorMetadata {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
}

/** Metadata of a model. */
export interface ModelMetadata {
  readonly name: string;
  readonly versions: readonly string[];
  readonly platform: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
}

/** Reads a server's answer; undefined when it is no model's metadata. */
export function parseModelMetadata(value: unknown): ModelMetadata | undefined {
  if (!isRecord(value) || typeof value["name"] !== "string") return undefined;
  const versions = Array.isArray(value["versions"]) ? value["versions"].map(String) : [];
  const platform = typeof value["platform"] === "string" ? value["platform"] : "";
  return { name: value["name"], versions, platform, inputs: tensorsOf(value["inputs"]), outputs: tensorsOf(value["outputs"]) };
}

/** `Input3 FP32 [1,1,28,28]`, sizes that are free as `?`. */
export function describeTensor({ name, datatype, shape }: TensorMetadata): string {
  return `"${name}" ${datatype} [${shape.map((size) => (size < 0 ? "?" : size)).join(",")}]`;
}

function tensorsOf(value: unknown): TensorMetadata[] {
  return Array.isArray(value) ? value.flatMap(tensorOf) : [];
}

function tensorOf(value: unknown): TensorMetadata[] {
  if (!isRecord(value)) return [];
  const { name, datatype, shape } = { name: value["name"], datatype: value["datatype"], shape: value["shape"] };
  if (typeof name !== "string" || !isDatatype(datatype) || !Array.isArray(shape)) return [];
  return [{ name, datatype, shape: shape.map(Number) }];
}

/** Whether a value is an object with named members. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
