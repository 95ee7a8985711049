/**
 * Reads `ModelInferRequest` by hand: the hot path of gRPC. Contents stay views of the message; nothing of a tensor is decoded here.
 *
 * Raw rules of the protocol: when `raw_input_contents` is used it has one entry per input, in order, and no input has `contents`.
 */
import { failure } from "@modelyard/core";
import { ProtoReader } from "../protobuf/proto-reader.ts";
import { readMessage } from "../protobuf/read-message.ts";
import { checkShape, maxRank } from "../shape.ts";
import { checkDatatype, type InferenceInput, type InferenceRequest, maxTensors, type RequestedOutput } from "./inference-message.ts";
import { parameterEntry } from "./protocol-messages.ts";

/** A request over gRPC. */
export interface GrpcInferenceRequest extends InferenceRequest {
  /** Whether the inputs came raw; the answer takes the same form. */
  readonly isRaw: boolean;
}

/** Parameters by name, while they are read. */
interface ReadParameters {
  readonly byName: Record<string, unknown>;
  count: number;
}

type Parameters = ReadParameters | undefined;

/** Tags: field number x 8 + wire type. */
const delimited1 = 0x0a;
const delimited2 = 0x12;
const delimited3 = 0x1a;
const delimited4 = 0x22;
const delimited5 = 0x2a;
const delimited6 = 0x32;
const delimited7 = 0x3a;
const varint3 = 0x18;

/** An input as it was read; what it may have beside it is known at the end of the message. */
interface ReadInput {
  name: string;
  datatype: string;
  /** At most one dimension more than is allowed. */
  readonly shape: number[];
  parameters: Parameters;
  readonly pieces: Uint8Array[];
}

/** Reads a whole message; fails with a reason of `codec`. */
export function readGrpcInferRequest(message: Uint8Array): GrpcInferenceRequest {
  const reader = new ProtoReader(message);
  let modelName = "";
  let modelVersion = "";
  let id = "";
  let parameters: Parameters;
  const inputs: ReadInput[] = [];
  const outputs: RequestedOutput[] = [];
  const rawContents: Uint8Array[] = [];
  while (!reader.isAtEnd) {
    const tag = reader.tag();
    if (tag === delimited1) modelName = reader.string();
    else if (tag === delimited2) modelVersion = reader.string();
    else if (tag === delimited3) id = reader.string();
    else if (tag === delimited4) parameters = addParameter(parameters, reader);
    else if (tag === delimited5) pushWithin(inputs, readInput(reader), "inputs");
    else if (tag === delimited6) pushWithin(outputs, readOutput(reader), "outputs");
    else if (tag === delimited7) pushWithin(rawContents, reader.bytes(), "entries of raw_input_contents");
    else reader.skip(tag);
  }
  const isRaw = rawContents.length > 0;
  if (isRaw) checkRaw(inputs, rawContents);
  const checked = inputs.map((input, index) => checkInput(input, rawContents[index]));
  return { modelName, modelVersion, id, parameters: parameters?.byName, inputs: checked, outputs, isRaw };
}

function readInput(reader: ProtoReader): ReadInput {
  const input: ReadInput = { name: "", datatype: "", shape: [], parameters: undefined, pieces: [] };
  const outerEnd = reader.enter();
  while (!reader.isAtEnd) {
    const tag = reader.tag();
    if (tag === delimited1) input.name = reader.string();
    else if (tag === delimited2) input.datatype = reader.string();
    else if (tag === delimited3) readShape(reader, input.shape);
    else if (tag === varint3) pushDimension(input.shape, reader);
    else if (tag === delimited4) input.parameters = addParameter(input.parameters, reader);
    else if (tag === delimited5) pushWithin(input.pieces, reader.bytes(), "pieces of contents for one input");
    else reader.skip(tag);
  }
  reader.leave(outerEnd);
  return input;
}

function readShape(reader: ProtoReader, shape: number[]): void {
  const outerEnd = reader.enter();
  while (!reader.isAtEnd) pushDimension(shape, reader);
  reader.leave(outerEnd);
}

function pushDimension(shape: number[], reader: ProtoReader): void {
  const dimension = reader.safeInt64();
  if (shape.length <= maxRank) shape.push(dimension);
}

function readOutput(reader: ProtoReader): RequestedOutput {
  let name = "";
  let parameters: Parameters;
  const outerEnd = reader.enter();
  while (!reader.isAtEnd) {
    const tag = reader.tag();
    if (tag === delimited1) name = reader.string();
    else if (tag === delimited2) parameters = addParameter(parameters, reader);
    else reader.skip(tag);
  }
  reader.leave(outerEnd);
  return { name, parameters: parameters?.byName };
}

function addParameter(parameters: Parameters, reader: ProtoReader): ReadParameters {
  const { key, value } = readMessage(parameterEntry, reader.bytes());
  const known = value?.boolParam ?? value?.int64Param ?? value?.stringParam ?? value?.doubleParam ?? value?.uint64Param;
  // Without a prototype every key is an ordinary one, "__proto__" included.
  const all: ReadParameters = parameters ?? { byName: Object.create(null), count: 0 };
  if (++all.count > maxTensors) throw tooMany("parameters");
  all.byName[key] = known;
  return all;
}

function checkRaw(inputs: readonly ReadInput[], rawContents: readonly Uint8Array[]): void {
  if (rawContents.length !== inputs.length) {
    const why = `raw_input_contents must have one entry for each input: expected ${inputs.length}, got ${rawContents.length}`;
    throw failure("INFERENCE_REQUEST_INVALID", { why });
  }
  const both = inputs.find((input) => input.pieces.length > 0);
  if (both) {
    const expected = "no contents beside raw_input_contents";
    throw failure("TENSOR_CONTENTS_INVALID", { tensor: both.name, expected, actual: "both" });
  }
}

function checkInput(input: ReadInput, raw: Uint8Array | undefined): InferenceInput {
  return {
    name: input.name,
    datatype: checkDatatype(input.name, input.datatype),
    shape: checkShape(input.name, input.shape),
    parameters: input.parameters?.byName,
    contents: raw ? { kind: "raw", bytes: raw } : { kind: "typed", pieces: input.pieces },
  };
}

function pushWithin<T>(list: T[], element: T, what: string): void {
  if (list.length === maxTensors) throw tooMany(what);
  list.push(element);
}

function tooMany(what: string): Error {
  return failure("INFERENCE_REQUEST_INVALID", { why: `it has more than ${maxTensors} ${what}` });
}
