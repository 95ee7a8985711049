import { readFileSync } from "node:fs";
import { PlatformError } from "@modelyard/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Datatype } from "../datatype.ts";
import type { MessageType } from "../protobuf/message-type.ts";
import { readMessage } from "../protobuf/read-message.ts";
import { writeMessage } from "../protobuf/write-message.ts";
import type { Tensor } from "../tensor.ts";
import { bytesOfTensor } from "../tensor-bytes.ts";
import { arrayOf } from "../tensor-json.ts";
import { readGrpcInferRequest } from "./grpc-infer-request.ts";
import { writeGrpcInferResponse } from "./grpc-infer-response.ts";
import { type InferenceResponse, tensorOfInput } from "./inference-message.ts";
import {
  emptyMessage,
  type InferTensor,
  type InferTensorContents,
  inferParameter,
  inferRequestedOutputTensor,
  inferTensor,
  inferTensorContents,
  type ModelInferRequest,
  modelInferRequest,
  modelInferResponse,
  modelMetadataResponse,
  modelVersionRequest,
  parameterEntry,
  readyResponse,
  serverLiveResponse,
  serverMetadataResponse,
  tensorMetadata,
} from "./protocol-messages.ts";

interface Golden {
  /** [number, type, is repeated] by message and field, as the client library's descriptors have them. */
  readonly messages: Readonly<Record<string, Readonly<Record<string, readonly [number, string, boolean]>>>>;
  readonly samples: Readonly<Record<string, string>>;
}

const golden = JSON.parse(readFileSync(new URL("../../testdata/open-inference-protocol.json", import.meta.url), "utf8")) as Golden;

function sample(name: string): Uint8Array {
  return Buffer.from(golden.samples[name] ?? "", "hex");
}

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return PlatformError.from(error).message;
  }
  return "accepted";
}

const tables: Readonly<Record<string, MessageType<unknown>>> = {
  ServerLiveRequest: emptyMessage,
  ServerLiveResponse: serverLiveResponse,
  ServerReadyRequest: emptyMessage,
  ServerReadyResponse: readyResponse,
  ModelReadyRequest: modelVersionRequest,
  ModelReadyResponse: readyResponse,
  ServerMetadataRequest: emptyMessage,
  ServerMetadataResponse: serverMetadataResponse,
  ModelMetadataRequest: modelVersionRequest,
  ModelMetadataResponse: modelMetadataResponse,
  "ModelMetadataResponse.TensorMetadata": tensorMetadata,
  InferParameter: inferParameter,
  InferTensorContents: inferTensorContents,
  ModelInferRequest: modelInferRequest,
  "ModelInferRequest.InferInputTensor": inferTensor,
  "ModelInferRequest.InferInputTensor.ParametersEntry": parameterEntry,
  "ModelInferRequest.InferRequestedOutputTensor": inferRequestedOutputTensor,
  "ModelInferRequest.InferRequestedOutputTensor.ParametersEntry": parameterEntry,
  "ModelInferRequest.ParametersEntry": parameterEntry,
  ModelInferResponse: modelInferResponse,
  "ModelInferResponse.InferOutputTensor": inferTensor,
  "ModelInferResponse.InferOutputTensor.ParametersEntry": parameterEntry,
  "ModelInferResponse.ParametersEntry": parameterEntry,
};

const wires: Readonly<Record<string, number>> = { double: 1, float: 5, string: 2, bytes: 2, message: 2 };

function camelCase(name: string): string {
  return name.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

describe("the messages of the Open Inference Protocol", () => {
  it("have the fields of the client library's descriptors, no more and no fewer", () => {
    expect(Object.keys(tables).toSorted()).toEqual(Object.keys(golden.messages).toSorted());
    for (const [name, fields] of Object.entries(golden.messages)) {
      const ours = tables[name]?.fields.map((field) => [field.name, field.tag >>> 3, field.isList, field.scalar?.wire ?? 2]);
      const theirs = Object.entries(fields).map(([field, [number, type, isList]]) => [camelCase(field), number, isList, wires[type] ?? 0]);
      expect(ours, name).toEqual(theirs.toSorted((a, b) => Number(a[1]) - Number(b[1])));
    }
  });

  it.each<[string, MessageType<unknown>]>([
    ["typedRequest", modelInferRequest],
    ["rawRequest", modelInferRequest],
    ["typedResponse", modelInferResponse],
    ["rawResponse", modelInferResponse],
    ["modelMetadata", modelMetadataResponse],
    ["serverMetadata", serverMetadataResponse],
    ["serverLive", serverLiveResponse],
    ["modelReady", modelVersionRequest],
  ])("are read and written as the client library writes them: %s", (name, type) => {
    const read = readMessage(type, sample(name), { keepUnknown: true });
    expect(Buffer.from(writeMessage(type, read)).toString("hex")).toBe(golden.samples[name]);
    expect(read).not.toHaveProperty("unknownFields");
  });
});

describe("readGrpcInferRequest()", () => {
  it("reads every datatype from its typed field", () => {
    const request = readGrpcInferRequest(sample("typedRequest"));
    expect(request).toMatchObject({ modelName: "digits", modelVersion: "3", id: "r-1", isRaw: false });
    expect({ ...request.parameters }).toEqual({ priority: 7n, flag: true, text: "é", ratio: 0.5, wide: 2n ** 64n - 1n });
    expect(request.outputs.map((output) => [output.name, { ...output.parameters }])).toEqual([["scores", { classification: 3n }]]);
    const tensors = request.inputs.map(tensorOfInput);
    const values = tensors.map((tensor) =>
      tensor.datatype === "BYTES"
        ? tensor.elements.map((element) => Buffer.from(element).toString("hex"))
        : [...arrayOf(tensor.datatype, tensor.bytes)],
    );
    expect(Object.fromEntries(tensors.map((tensor, index) => [tensor.datatype, values[index]]))).toEqual({
      BOOL: [1, 0],
      INT8: [-128, 127],
      INT16: [-32_768, 32_767],
      INT32: [-(2 ** 31), 2 ** 31 - 1],
      INT64: [-(2n ** 63n), 2n ** 63n - 1n],
      UINT8: [0, 255],
      UINT16: [0, 65_535],
      UINT32: [0, 2 ** 32 - 1],
      UINT64: [0n, 2n ** 64n - 1n],
      FP32: [0.5, -1.5],
      FP64: [0.1, -1e300],
      BYTES: ["", "610062"],
    });
  });

  it("reads raw contents as views of the message", () => {
    const message = sample("rawRequest");
    const request = readGrpcInferRequest(message);
    expect(request.isRaw).toBe(true);
    const [x, h, s] = request.inputs.map(tensorOfInput);
    expect(x && [...arrayOf("FP32", bytesOfTensor(x))]).toEqual([1.5, -2]);
    expect(x && bytesOfTensor(x).buffer).toBe(message.buffer);
    expect(h && [...arrayOf("FP16", bytesOfTensor(h))]).toEqual([1]);
    expect(s?.datatype === "BYTES" && s.elements.map((element) => Buffer.from(element).toString())).toEqual(["hi", ""]);
  });

  const contentsOf = (contents: Partial<InferTensorContents>): InferTensorContents => ({
    boolContents: [],
    intContents: [],
    int64Contents: [],
    uintContents: [],
    uint64Contents: [],
    fp32Contents: [],
    fp64Contents: [],
    bytesContents: [],
    ...contents,
  });
  const inputOf = (input: Partial<InferTensor>): InferTensor => ({ name: "x", datatype: "FP32", shape: [2], parameters: [], ...input });
  const requestOf = (request: Partial<ModelInferRequest>): Uint8Array =>
    writeMessage(modelInferRequest, {
      modelName: "m",
      modelVersion: "",
      id: "",
      parameters: [],
      inputs: [inputOf({})],
      outputs: [],
      rawInputContents: [],
      ...request,
    });
  const read = (request: Partial<ModelInferRequest>): unknown => readGrpcInferRequest(requestOf(request)).inputs.map(tensorOfInput);
  const typed = (datatype: Datatype, contents: Partial<InferTensorContents>) => (): unknown =>
    read({ inputs: [inputOf({ datatype, contents: contentsOf(contents) })] });

  it.each<[string, () => unknown, string]>([
    [
      "INT8 of 300",
      typed("INT8", { intContents: [1, 300] }),
      'Element 1 of the tensor "x" is not valid: expected a whole number from -128 to 127, got 300',
    ],
    ["UINT16 of 65536", typed("UINT16", { uintContents: [65_536, 1] }), "expected a whole number from 0 to 65535, got 65536"],
    ["too few elements", typed("FP32", { fp32Contents: [1] }), "shape [2]: expected 2 elements in fp32_contents, got 1"],
    ["too many elements", typed("INT64", { int64Contents: [1n, 2n, 3n] }), "expected 2 elements in int64_contents, got 3"],
    ["no elements", () => read({}), "expected 2 elements in fp32_contents, got 0"],
    [
      "the field of another datatype",
      typed("FP32", { intContents: [1, 2] }),
      "expected fp32_contents for the datatype FP32, got int_contents",
    ],
    ["two fields", typed("FP32", { fp32Contents: [1, 2], bytesContents: [Buffer.alloc(0)] }), "got bytes_contents"],
    ["typed FP16", typed("FP16", { fp32Contents: [1, 2] }), "expected raw_input_contents, as FP16 has no typed field, got contents"],
    [
      "an unknown datatype",
      () => read({ inputs: [inputOf({ datatype: "FLOAT" })] }),
      'The datatype of the input "x" is "FLOAT": expected one of BOOL, UINT8',
    ],
    ["no datatype", () => read({ inputs: [inputOf({ datatype: "" })] }), 'The datatype of the input "x" is missing'],
    ["a negative dimension", () => read({ inputs: [inputOf({ shape: [-1] })] }), "The shape [-1] of the tensor"],
    [
      "fewer raw entries than inputs",
      () => read({ inputs: [inputOf({}), inputOf({})], rawInputContents: [Buffer.alloc(8)] }),
      "expected 2, got 1",
    ],
    ["more raw entries than inputs", () => read({ rawInputContents: [Buffer.alloc(8), Buffer.alloc(8)] }), "expected 1, got 2"],
    ["raw contents of a wrong length", () => read({ rawInputContents: [Buffer.alloc(7)] }), "expected 8 bytes, got 7"],
    [
      "raw and typed contents together",
      () =>
        read({
          inputs: [inputOf({ contents: contentsOf({ fp32Contents: [1, 2] }) })],
          rawInputContents: [Buffer.alloc(8)],
        }),
      "expected no contents beside raw_input_contents, got both",
    ],
    [
      "more inputs than a request may have",
      () => read({ inputs: Array.from({ length: 4097 }, () => inputOf({})) }),
      "more than 4096 inputs",
    ],
    [
      "a packed list that ends within an element",
      () => readGrpcInferRequest(Buffer.from("2a1312017822044650333200", "hex")),
      "the message ends in the middle",
    ],
  ])("refuses %s", (_what, act, message) => {
    expect(refusal(act)).toContain(message);
  });

  it("reads a shape and numbers that come one tag an element", () => {
    const input = Buffer.from(`${"0a0178"}${"1204"}${Buffer.from("INT8").toString("hex")}${"18011802"}${"2a04"}${"10011002"}`, "hex");
    const message = Buffer.concat([Buffer.from([0x2a, input.length]), input]);
    const [x] = readGrpcInferRequest(message).inputs;
    expect(x?.shape).toEqual([1, 2]);
    expect(x && [...bytesOfTensor(tensorOfInput(x))]).toEqual([1, 2]);
  });

  it("reads what the table reads, whatever the fields are", () => {
    const input = fc.record({
      name: fc.string(),
      datatype: fc.constant("INT64"),
      shape: fc.array(fc.nat(5), { maxLength: 3 }),
      values: fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
    });
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.array(input, { maxLength: 4 }), (modelName, id, inputs) => {
        const tensors = inputs.map(({ values, ...rest }) => inputOf({ ...rest, contents: contentsOf({ int64Contents: values }) }));
        const request = readGrpcInferRequest(requestOf({ modelName, id, inputs: tensors }));
        expect([request.modelName, request.id]).toEqual([modelName, id]);
        expect(request.inputs.map(({ name, shape }) => ({ name, shape }))).toEqual(inputs.map(({ name, shape }) => ({ name, shape })));
      }),
    );
  });

  it("never fails otherwise than with a reason of the catalogue on mutated messages", () => {
    const seeds = [sample("typedRequest"), sample("rawRequest")];
    fc.assert(
      fc.property(fc.constantFrom(...seeds), fc.nat(400), fc.nat(255), (seed, at, byte) => {
        const mutated = Uint8Array.from(seed);
        mutated[at % mutated.length] = byte;
        try {
          readGrpcInferRequest(mutated).inputs.map(tensorOfInput);
        } catch (error) {
          expect(PlatformError.from(error).code).toBe("INVALID_ARGUMENT");
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe("writeGrpcInferResponse()", () => {
  const fp32: Tensor = { name: "y", datatype: "FP32", shape: [2], bytes: new Uint8Array(Float32Array.of(1.5, -2).buffer) };
  const int32: Tensor = { name: "y", datatype: "INT32", shape: [1, 3], bytes: new Uint8Array(Int32Array.of(-1, 0, 300).buffer) };
  const text: Tensor = { name: "s", datatype: "BYTES", shape: [1], elements: [Buffer.from("a\0b")] };
  const answer = (outputs: readonly Tensor[], id = ""): InferenceResponse => ({ modelName: "digits", modelVersion: "3", id, outputs });

  it("writes the bytes of the client library, typed and raw", () => {
    expect(Buffer.from(writeGrpcInferResponse(answer([int32, text], "r-1"), { isRaw: false })).toString("hex")).toBe(
      golden.samples["typedResponse"],
    );
    expect(Buffer.from(writeGrpcInferResponse(answer([fp32]), { isRaw: true })).toString("hex")).toBe(golden.samples["rawResponse"]);
  });

  it("answers raw when an output has a datatype without a typed field", () => {
    const half: Tensor = { name: "h", datatype: "FP16", shape: [1], bytes: Uint8Array.of(0, 0x3c) };
    const read = readMessage(modelInferResponse, writeGrpcInferResponse(answer([int32, half]), { isRaw: false }));
    expect(read.rawOutputContents.map((bytes) => bytes.length)).toEqual([12, 2]);
    expect(read.outputs.map((output) => output.contents)).toEqual([undefined, undefined]);
  });

  it("leaves headroom in front", () => {
    const plain = writeGrpcInferResponse(answer([fp32]), { isRaw: true });
    expect(writeGrpcInferResponse(answer([fp32]), { isRaw: true, headroomBytes: 5 }).subarray(5)).toEqual(plain);
  });

  it("writes typed what the reader reads back as the same bytes, for every datatype with a typed field", () => {
    const datatype = fc.constantFrom<Exclude<Datatype, "BYTES" | "FP16" | "BF16">>(
      "UINT8",
      "UINT16",
      "UINT32",
      "UINT64",
      "INT8",
      "INT16",
      "INT32",
      "INT64",
      "FP32",
      "FP64",
    );
    fc.assert(
      fc.property(datatype, fc.uint8Array({ minLength: 16, maxLength: 16 }), (type, bytes) => {
        const shape = [arrayOf(type, bytes).length];
        const message = writeGrpcInferResponse(answer([{ name: "y", datatype: type, shape, bytes }]), { isRaw: false });
        // Response and request tensors have the same fields under the same number.
        const [output] = readGrpcInferRequest(message).inputs;
        expect(output && Buffer.from(bytesOfTensor(tensorOfInput(output))).toString("hex")).toBe(Buffer.from(bytes).toString("hex"));
      }),
    );
  });
});
