/**
 * Reads and writes ONNX files. What was read and not changed is written with the same values; fields go out in the order of their numbers,
 * as the protobuf libraries write them, and unknown fields behind the known ones of their message.
 */
import { readMessage, writeMessage } from "@modelyard/codec";
import { failure, PlatformError } from "@modelyard/core";
import { locate } from "./locate.ts";
import type { OnnxModel } from "./model.ts";
import { modelType } from "./model-types.ts";

/** Most fields and numbers (outside `rawData`) in one file: above, the lists would not fit in memory. */
const maxFields = 2 ** 26;

/**
 * Parses a file. Tensor bytes are views into `bytes`, which must not change while the model is in use.
 * Throws `ONNX_INVALID` when the bytes are not an ONNX model; whether the model makes sense is for `checkModel`.
 */
export function parseModel(bytes: Uint8Array): OnnxModel {
  const model = read(bytes);
  // Almost any short text is some protobuf message; a model has a graph, and one of the two fields every writer sets.
  if (model.graph === undefined && model.functions.length === 0) {
    throw failure("ONNX_INVALID", { problem: "it holds no graph", where: "the file" });
  }
  return model;
}

/** Writes a model. */
export function writeModel(model: OnnxModel): Uint8Array {
  return writeMessage(modelType, model);
}

function read(bytes: Uint8Array): OnnxModel {
  try {
    return readMessage(modelType, bytes, { keepUnknown: true, maxFields });
  } catch (error) {
    const cause = PlatformError.from(error);
    if (cause.reason !== "PROTOBUF_INVALID") throw error;
    const offset = Number(cause.details["offset"]);
    const problem = String(cause.details["why"]);
    throw failure("ONNX_INVALID", { problem, where: `byte ${offset} (${locate(bytes, offset)})` }, { cause });
  }
}
