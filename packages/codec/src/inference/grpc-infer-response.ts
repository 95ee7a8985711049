/** Writes `ModelInferResponse` by hand: the hot path of gRPC. One buffer of the exact size, each tensor copied once. */
import { ProtoWriter, sizeOfDelimited, sizeOfSafeInt64 } from "../protobuf/proto-writer.ts";
import type { Tensor } from "../tensor.ts";
import { tensorSizeBytes, writeTensorBytes } from "../tensor-bytes.ts";
import type { InferenceResponse } from "./inference-message.ts";
import { hasTypedContents, sizeOfTypedContents, writeTypedContents } from "./typed-contents.ts";

/** Options of {@link writeGrpcInferResponse}. */
export interface WriteGrpcInferResponseOptions {
  /** Outputs as `raw_output_contents`; else in typed fields, unless a datatype has none (then raw, as all must be alike). */
  readonly isRaw: boolean;
  /** Bytes left free in front, for example 5 for the gRPC prefix. Default 0. */
  readonly headroomBytes?: number;
}

const tagModelName = 0x0a;
const tagModelVersion = 0x12;
const tagId = 0x1a;
const tagOutput = 0x2a;
const tagRawContents = 0x32;
const tagTensorName = 0x0a;
const tagTensorDatatype = 0x12;
const tagTensorShape = 0x1a;
const tagTensorContents = 0x2a;

/** Writes a whole message. */
export function writeGrpcInferResponse(response: InferenceResponse, options: WriteGrpcInferResponseOptions): Uint8Array {
  const { headroomBytes = 0 } = options;
  const { modelName, modelVersion, id, outputs } = response;
  const isRaw = options.isRaw || outputs.some((output) => !hasTypedContents(output.datatype));
  let size = sizeOfText(modelName) + sizeOfText(modelVersion) + sizeOfText(id);
  const measured: Measured[] = [];
  for (const output of outputs) {
    const one = measure(output, isRaw);
    measured.push(one);
    size += 1 + sizeOfDelimited(one.size);
    if (isRaw) size += 1 + sizeOfDelimited(tensorSizeBytes(output));
  }
  const writer = new ProtoWriter(Buffer.allocUnsafe(headroomBytes + size), headroomBytes);
  writeText(writer, tagModelName, modelName);
  writeText(writer, tagModelVersion, modelVersion);
  writeText(writer, tagId, id);
  for (const one of measured) writeOutput(writer, one);
  if (isRaw) for (const output of outputs) writeRaw(writer, output);
  return writer.target;
}

interface Measured {
  readonly output: Tensor;
  readonly shapeSize: number;
  /** 0: written raw, or empty. */
  readonly contentsSize: number;
  readonly size: number;
}

function measure(output: Tensor, isRaw: boolean): Measured {
  let shapeSize = 0;
  for (const dimension of output.shape) shapeSize += sizeOfSafeInt64(dimension);
  const contentsSize = isRaw ? 0 : sizeOfTypedContents(output);
  let size = sizeOfText(output.name) + sizeOfText(output.datatype);
  if (shapeSize > 0) size += 1 + sizeOfDelimited(shapeSize);
  if (contentsSize > 0) size += 1 + sizeOfDelimited(contentsSize);
  return { output, shapeSize, contentsSize, size };
}

function writeOutput(writer: ProtoWriter, { output, shapeSize, contentsSize, size }: Measured): void {
  writer.tag(tagOutput);
  writer.uint32(size);
  writeText(writer, tagTensorName, output.name);
  writeText(writer, tagTensorDatatype, output.datatype);
  if (shapeSize > 0) {
    writer.tag(tagTensorShape);
    writer.uint32(shapeSize);
    for (const dimension of output.shape) writer.safeInt64(dimension);
  }
  if (contentsSize > 0) {
    writer.tag(tagTensorContents);
    writer.uint32(contentsSize);
    writeTypedContents(writer, output);
  }
}

function writeRaw(writer: ProtoWriter, output: Tensor): void {
  writer.tag(tagRawContents);
  writer.uint32(tensorSizeBytes(output));
  writer.advanceTo(writeTensorBytes(output, writer.target, writer.position));
}

function sizeOfText(text: string): number {
  return text === "" ? 0 : 1 + sizeOfDelimited(Buffer.byteLength(text));
}

function writeText(writer: ProtoWriter, tag: number, text: string): void {
  if (text === "") return;
  writer.tag(tag);
  writer.string(text);
}
