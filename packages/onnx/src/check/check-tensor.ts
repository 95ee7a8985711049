/** Checks that a constant tensor holds exactly what its type and dimensions say, and takes it from nowhere else. */
import { type ElementType, elementTypeOf } from "../element-type.ts";
import { externalDataOf, isExternal, isInsideTree } from "../external-data.ts";
import type { OnnxTensor } from "../model.ts";
import type { TensorPlace } from "../walk/tensors-of.ts";
import type { Report } from "./report.ts";

/** Largest tensor inside a file that the runtime accepts. */
const maxEmbeddedBytes = 2n ** 31n;
/** No machine that this runs on holds more. */
export const maxTensorBytes: bigint = 2n ** 40n;

/** Sizes in bytes of the files beside the model, by path relative to it. */
export type ExternalFiles = ReadonlyMap<string, number>;

/** What a tensor is checked with. */
export interface TensorCheck {
  readonly report: Report;
  readonly externalFiles: ExternalFiles | undefined;
}

/** Checks one tensor. */
export function checkTensor({ tensor, path }: TensorPlace, { report, externalFiles }: TensorCheck): void {
  const type = elementTypeOf(tensor.dataType);
  if (type === undefined) {
    report.error("TENSOR_INVALID", path, `The element type ${tensor.dataType ?? 0} is unknown`);
    return;
  }
  const negative = tensor.dims.findIndex((size) => size < 0n);
  if (negative >= 0) {
    report.error("TENSOR_INVALID", `${path}.dims[${negative}]`, `The size ${tensor.dims[negative]} is negative`);
    return;
  }
  if (tensor.segment !== undefined) report.error("TENSOR_INVALID", `${path}.segment`, "Tensors in segments are not supported");
  const count = tensor.dims.reduce((product, size) => product * size, 1n);
  const sized: SizedTensor = { tensor, path, type, count, sizeBytes: (count * BigInt(type.bits) + 7n) / 8n };
  if (isTooLarge(sized, report)) return;
  if (isExternal(tensor)) checkExternal(sized, { report, externalFiles });
  else checkEmbedded(sized, report);
}

interface SizedTensor extends TensorPlace {
  readonly type: ElementType;
  /** Elements that the dimensions ask for. */
  readonly count: bigint;
  /** What they take in raw form; 0 for strings. */
  readonly sizeBytes: bigint;
}

function isTooLarge({ tensor, path, sizeBytes }: SizedTensor, report: Report): boolean {
  const limit = isExternal(tensor) ? maxTensorBytes : maxEmbeddedBytes;
  if (sizeBytes <= limit) return false;
  report.error(
    "TENSOR_TOO_LARGE",
    path,
    `The dimensions [${tensor.dims.join(",")}] ask for ${sizeBytes} bytes; at most ${limit} are accepted here`,
  );
  return true;
}

function checkExternal({ tensor, path, type, sizeBytes }: SizedTensor, { report, externalFiles }: TensorCheck): void {
  const data = externalDataOf(tensor);
  if (type.bits === 0) report.error("TENSOR_INVALID", path, "Strings cannot lie in another file");
  if (data === undefined) {
    report.error("TENSOR_INVALID", `${path}.externalData`, "The offset and the length must be whole numbers");
    return;
  }
  if (!isInsideTree(data.location)) {
    report.error("EXTERNAL_DATA_UNSAFE", `${path}.externalData`, `The location "${data.location}" is not a path below the model's folder`);
    return;
  }
  if (data.length !== undefined && data.length !== sizeBytes) {
    const message = `The dimensions ask for ${sizeBytes} bytes; the length given is ${data.length}`;
    report.error("TENSOR_SIZE_MISMATCH", `${path}.externalData`, message);
    return;
  }
  if (externalFiles === undefined) return;
  const available = externalFiles.get(data.location);
  if (available === undefined) report.error("EXTERNAL_DATA_MISSING", `${path}.externalData`, `The file "${data.location}" is not there`);
  else if (data.offset + sizeBytes > BigInt(available)) {
    const message = `The file "${data.location}" has ${available} bytes; ${data.offset + sizeBytes} are needed`;
    report.error("TENSOR_SIZE_MISMATCH", `${path}.externalData`, message);
  }
}

function checkEmbedded(sized: SizedTensor, report: Report): void {
  const { tensor, path, type, count, sizeBytes } = sized;
  if (tensor.rawData === undefined) {
    checkTyped(sized, report);
    return;
  }
  if (type.bits === 0) report.error("TENSOR_INVALID", `${path}.rawData`, "Strings cannot be raw data");
  else if (BigInt(tensor.rawData.length) !== sizeBytes) {
    const message = `The dimensions [${tensor.dims.join(",")}] ask for ${sizeBytes} bytes of ${type.name}; there are ${tensor.rawData.length}`;
    report.error("TENSOR_SIZE_MISMATCH", `${path}.rawData`, message);
  } else if (count > 0n && typedLength(sized) > 0) report.warn("TENSOR_INVALID", path, "Values are given twice; the raw data counts");
}

function checkTyped(sized: SizedTensor, report: Report): void {
  const { tensor, path, type, count } = sized;
  const wanted = typedCount(type, count);
  const found = typedLength(sized);
  if (BigInt(found) === wanted) return;
  const message = `The dimensions [${tensor.dims.join(",")}] ask for ${wanted} entries of ${type.name}; there are ${found}`;
  report.error("TENSOR_SIZE_MISMATCH", path, message);
}

/** Entries in the typed field: complex numbers take two, types below a byte share one. Source: comments of onnx.proto. */
function typedCount({ name, bits }: ElementType, count: bigint): bigint {
  if (name.startsWith("complex")) return 2n * count;
  return bits === 2 || bits === 4 ? (count * BigInt(bits) + 7n) / 8n : count;
}

function typedLength({ tensor, type }: SizedTensor): number {
  return typedField(tensor, type.name).length;
}

function typedField(tensor: OnnxTensor, name: string): readonly unknown[] {
  switch (name) {
    case "float":
    case "complex64":
      return tensor.floatData;
    case "double":
    case "complex128":
      return tensor.doubleData;
    case "int64":
      return tensor.int64Data;
    case "uint32":
    case "uint64":
      return tensor.uint64Data;
    case "string":
      return tensor.stringData;
    default:
      return tensor.int32Data;
  }
}
