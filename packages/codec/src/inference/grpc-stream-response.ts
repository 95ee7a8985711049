/** Writes `ModelStreamInferResponse`: an answer of a stream, or an error in its place. The answer is written where it will be sent from, without another copy. */
import { ProtoWriter, sizeOfUint32 } from "../protobuf/proto-writer.ts";
import { writeMessage } from "../protobuf/write-message.ts";
import { modelStreamInferResponse } from "./extension-messages.ts";
import { writeGrpcInferResponse } from "./grpc-infer-response.ts";
import type { InferenceResponse } from "./inference-message.ts";
import { parameterEntry } from "./protocol-messages.ts";

/** Options of {@link writeGrpcStreamResponse}. */
export interface WriteGrpcStreamResponseOptions {
  /** As in `WriteGrpcInferResponseOptions`. */
  readonly isRaw: boolean;
  /** Whether the answer says, by the parameter `triton_final_response`, that it is the last one to its request. */
  readonly saysFinal: boolean;
}

const tagInferResponse = 0x12;
const tagParameters = 0x22;
/** Tag and the longest length. */
const headroomBytes = 6;

const finalEntry = writeMessage(parameterEntry, { key: "triton_final_response", value: { boolParam: true } });
const finalParameter = Buffer.from([tagParameters, finalEntry.length, ...finalEntry]);

/** Writes an answer. */
export function writeGrpcStreamResponse(response: InferenceResponse, { isRaw, saysFinal }: WriteGrpcStreamResponseOptions): Uint8Array {
  const written = writeGrpcInferResponse(response, { isRaw, headroomBytes });
  const target = saysFinal ? Buffer.concat([written, finalParameter]) : written;
  const sizeBytes = target.length - headroomBytes;
  const start = headroomBytes - 1 - sizeOfUint32(sizeBytes);
  const writer = new ProtoWriter(target, start);
  writer.tag(tagInferResponse);
  writer.uint32(sizeBytes);
  return target.subarray(start);
}

/** Writes an error; `id` is the request's. */
export function writeGrpcStreamError(errorMessage: string, id: string): Uint8Array {
  const inferResponse = { modelName: "", modelVersion: "", id, parameters: [], outputs: [], rawOutputContents: [] };
  return writeMessage(modelStreamInferResponse, { errorMessage, inferResponse });
}
