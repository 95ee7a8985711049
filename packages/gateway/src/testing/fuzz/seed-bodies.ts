/** Good bodies of inference requests for the models of the fuzzed server, from which mutations start. */
import { type InferTensor, type ModelInferRequest, modelInferRequest, writeMessage } from "@modelyard/codec";
import type { Dice } from "./dice.ts";

/** An input of an inference. */
export interface SeedInput {
  readonly model: string;
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data: readonly (number | string)[];
  /** The same as bytes. */
  readonly raw: Buffer;
}

/** A body over REST. */
export interface RestSeedBody {
  readonly bytes: Buffer;
  /** Of `Inference-Header-Content-Length`; absent for a body that is all JSON. */
  readonly jsonLength?: number;
}

/** An input for one of the models. */
export function seedInput(dice: Dice): SeedInput {
  const length = 1 + dice.below(dice.chance(0.02) ? 3000 : 6);
  switch (dice.below(4)) {
    case 0:
      return numbers({ model: "digits", name: "image", datatype: "FP32", shape: [1, 1, 8, 8] }, dice);
    case 1:
      return numbers({ model: "identity_int64", name: "IN", datatype: "INT64", shape: [length] }, dice);
    case 2:
      return texts(length, dice);
    default:
      return numbers({ model: "identity_fp32", name: "IN", datatype: "FP32", shape: [length] }, dice);
  }
}

function numbers(tensor: Omit<SeedInput, "data" | "raw">, dice: Dice): SeedInput {
  const count = tensor.shape.reduce((product, size) => product * size, 1);
  const data = Array.from({ length: count }, () => dice.below(256));
  const raw = tensor.datatype === "INT64" ? BigInt64Array.from(data, BigInt) : Float32Array.from(data);
  return { ...tensor, data, raw: Buffer.from(raw.buffer) };
}

function texts(length: number, dice: Dice): SeedInput {
  const data = Array.from({ length }, () => dice.pick(["", "a", "Grüße", "0123456789", '"\\\n', "\u{1f600}"]));
  const raw = data.map((text) => {
    const size = Buffer.alloc(4);
    size.writeUInt32LE(Buffer.byteLength(text));
    return Buffer.concat([size, Buffer.from(text)]);
  });
  return { model: "identity_bytes", name: "IN", datatype: "BYTES", shape: [length], data, raw: Buffer.concat(raw) };
}

/** As JSON, or JSON with binary data, in some of the forms that clients choose. */
export function restSeedBody(input: SeedInput, dice: Dice): RestSeedBody {
  const { name, datatype, shape, data, raw } = input;
  const tensor = { name, shape, datatype };
  const extras = dice.chance(0.3) ? { id: "seed", parameters: { binary_data_output: dice.chance(0.5), timeout: 1_000_000 } } : {};
  const outputs = dice.chance(0.3) ? { outputs: [outputOf(input, dice)] } : {};
  if (dice.chance(0.5)) return { bytes: Buffer.from(JSON.stringify({ ...extras, inputs: [{ ...tensor, data }], ...outputs })) };
  const parameters = { binary_data_size: raw.length };
  const json = Buffer.from(JSON.stringify({ ...extras, inputs: [{ ...tensor, parameters }], ...outputs }));
  return { bytes: Buffer.concat([json, raw]), jsonLength: json.length };
}

function outputOf({ model }: SeedInput, dice: Dice): object {
  const parameters = dice.pick([{}, { binary_data: true }, { binary_data: false }, { classification: 3 }]);
  return { name: model === "digits" ? "probabilities" : "OUT", parameters };
}

/** As a message of `ModelInfer`, raw or typed. */
export function grpcSeedMessage(input: SeedInput, dice: Dice): Uint8Array {
  const { model, name, datatype, shape, raw } = input;
  const isRaw = dice.chance(0.5);
  const tensor: InferTensor = { name, datatype, shape, parameters: [], ...(isRaw ? {} : { contents: typedContents(input) }) };
  const request: ModelInferRequest = {
    modelName: model,
    modelVersion: dice.pick(["", "", "1"]),
    id: dice.pick(["", "seed"]),
    parameters: dice.chance(0.2) ? [{ key: "timeout", value: { int64Param: 1_000_000n } }] : [],
    inputs: [tensor],
    outputs: dice.chance(0.3) ? [{ name: model === "digits" ? "probabilities" : "OUT", parameters: [] }] : [],
    rawInputContents: isRaw ? [raw] : [],
  };
  return writeMessage(modelInferRequest, request);
}

function typedContents({ datatype, data }: SeedInput): NonNullable<InferTensor["contents"]> {
  const empty = {
    boolContents: [],
    intContents: [],
    int64Contents: [],
    uintContents: [],
    uint64Contents: [],
    fp32Contents: [],
    fp64Contents: [],
    bytesContents: [],
  };
  if (datatype === "FP32") return { ...empty, fp32Contents: data.map(Number) };
  if (datatype === "INT64") return { ...empty, int64Contents: data.map((value) => BigInt(value)) };
  return { ...empty, bytesContents: data.map((text) => Buffer.from(String(text))) };
}
