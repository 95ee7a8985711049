/** Writes the body of a REST inference answer: JSON, then the raw contents of the outputs that were asked for as binary. */
import type { Tensor } from "../tensor.ts";
import { tensorSizeBytes, writeTensorBytes } from "../tensor-bytes.ts";
import { tensorToJson } from "../tensor-json.ts";
import type { InferenceResponse } from "./inference-message.ts";

/** A body. */
export interface RestInferenceBody {
  readonly bytes: Uint8Array;
  /** Bytes of the JSON in front of binary data, the header `Inference-Header-Content-Length`; undefined when the body is all JSON. */
  readonly jsonLength: number | undefined;
}

/** Writes an answer. `isBinary` says of each output, by its position, whether it goes as binary. */
export function writeRestInferResponse(response: InferenceResponse, isBinary: (index: number) => boolean): RestInferenceBody {
  let json = `{"model_name":${JSON.stringify(response.modelName)},"model_version":${JSON.stringify(response.modelVersion)}`;
  if (response.id !== "") json += `,"id":${JSON.stringify(response.id)}`;
  json += ',"outputs":[';
  const binary: Tensor[] = [];
  response.outputs.forEach((output, index) => {
    const isOutputBinary = isBinary(index);
    if (isOutputBinary) binary.push(output);
    json += `${index === 0 ? "" : ","}${outputToJson(output, isOutputBinary)}`;
  });
  json += "]}";
  return binary.length === 0 ? { bytes: Buffer.from(json, "utf8"), jsonLength: undefined } : withBinary(json, binary);
}

function outputToJson(output: Tensor, isBinary: boolean): string {
  const head = `{"name":${JSON.stringify(output.name)},"datatype":"${output.datatype}","shape":[${output.shape.join(",")}]`;
  if (isBinary) return `${head},"parameters":{"binary_data_size":${tensorSizeBytes(output)}}}`;
  return `${head},"data":${tensorToJson(output)}}`;
}

function withBinary(json: string, tensors: readonly Tensor[]): RestInferenceBody {
  const jsonLength = Buffer.byteLength(json);
  const size = tensors.reduce((sum, tensor) => sum + tensorSizeBytes(tensor), jsonLength);
  const bytes = Buffer.allocUnsafe(size);
  bytes.write(json, "utf8");
  let offset = jsonLength;
  for (const tensor of tensors) offset = writeTensorBytes(tensor, bytes, offset);
  return { bytes, jsonLength };
}
