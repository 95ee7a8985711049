import { PlatformError } from "@modelyard/core";
import { describe, expect, it } from "vitest";
import { bytesOfTensor } from "../tensor-bytes.ts";
import { arrayOf } from "../tensor-json.ts";
import { type InferenceResponse, tensorOfInput } from "./inference-message.ts";
import { readRestInferRequest } from "./rest-infer-request.ts";
import { writeRestInferResponse } from "./rest-infer-response.ts";

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return PlatformError.from(error).message;
  }
  return "accepted";
}

const x = { name: "x", datatype: "INT32", shape: [2], data: [1, 2] };

/** A body of JSON and binary parts, and the length of its JSON. */
function bodyOf(json: unknown, ...binary: readonly Uint8Array[]): { bytes: Uint8Array; jsonLength: number } {
  const text = Buffer.from(JSON.stringify(json));
  return { bytes: Buffer.concat([text, ...binary]), jsonLength: text.length };
}

function readJson(json: unknown): ReturnType<typeof readRestInferRequest> {
  return readRestInferRequest(bodyOf(json).bytes, undefined);
}

describe("readRestInferRequest()", () => {
  it("reads inputs, outputs, id and parameters", () => {
    const request = readJson({
      id: "r-1",
      parameters: { priority: 3, nested: { any: [1] } },
      inputs: [{ ...x, parameters: { note: "kept" }, unknown: 1 }],
      outputs: [{ name: "y", parameters: { binary_data: true } }, { name: "z" }],
      unknown: true,
    });
    expect(request).toMatchObject({ id: "r-1", parameters: { priority: 3, nested: { any: [1] } }, isBinaryByDefault: false });
    expect(request.outputs.map(({ name, isBinary }) => [name, isBinary])).toEqual([
      ["y", true],
      ["z", false],
    ]);
    const [input] = request.inputs;
    expect(input).toMatchObject({ name: "x", datatype: "INT32", shape: [2], parameters: { note: "kept" } });
    expect(input && [...arrayOf("INT32", bytesOfTensor(tensorOfInput(input)))]).toEqual([1, 2]);
  });

  it("reads mixed JSON and binary inputs in order", () => {
    const { bytes, jsonLength } = bodyOf(
      {
        inputs: [
          { name: "a", datatype: "UINT8", shape: [3], parameters: { binary_data_size: 3 } },
          x,
          { name: "b", datatype: "BYTES", shape: [1], parameters: { binary_data_size: 6 } },
        ],
      },
      Buffer.from([1, 2, 3]),
      Buffer.from([2, 0, 0, 0, 104, 105]),
    );
    const tensors = readRestInferRequest(bytes, jsonLength).inputs.map(tensorOfInput);
    expect(tensors.map((tensor) => Buffer.from(bytesOfTensor(tensor)).toString("hex"))).toEqual([
      "010203",
      "0100000002000000",
      "020000006869",
    ]);
  });

  it("reads integers beyond 2^53 exactly", () => {
    const text = '{"inputs":[{"name":"x","datatype":"INT64","shape":[2],"data":[[9007199254740993],[-9223372036854775808]]}]}';
    const [input] = readRestInferRequest(Buffer.from(text.replace('"shape":[2]', '"shape":[2,1]')), undefined).inputs;
    expect(input && [...arrayOf("INT64", bytesOfTensor(tensorOfInput(input)))]).toEqual([9_007_199_254_740_993n, -(2n ** 63n)]);
  });

  it("takes the form of outputs from binary_data_output unless an output says otherwise", () => {
    const request = readJson({
      inputs: [x],
      parameters: { binary_data_output: true },
      outputs: [{ name: "y" }, { name: "z", parameters: { binary_data: false } }],
    });
    expect(request.isBinaryByDefault).toBe(true);
    expect(request.outputs.map((output) => output.isBinary)).toEqual([true, false]);
  });

  it("reads long lists of numbers of every datatype, and says of them what it says of short ones", () => {
    const data = Array.from({ length: 20 }, (_, index) => index);
    const read = (datatype: string, values: readonly unknown[] = data): unknown => {
      const [input] = readJson({ inputs: [{ name: "x", datatype, shape: [20], data: values }] }).inputs;
      const tensor = input && tensorOfInput(input);
      return tensor && "bytes" in tensor && Array.from(arrayOf(tensor.datatype, tensor.bytes), Number);
    };
    for (const datatype of ["FP64", "FP32", "FP16", "BF16", "INT64", "UINT64", "INT8", "UINT32"]) expect(read(datatype)).toEqual(data);
    expect(refusal(() => read("UINT8", [...data.slice(1), 256]))).toContain("256");
    expect(refusal(() => read("INT32", [...data.slice(1), 0.5]))).toContain("0.5");
    expect(refusal(() => read("FP32", data.slice(1)))).toContain("19");
    expect(refusal(() => read("BYTES"))).toContain("a string");
  });

  it("keeps a long list of numbers that is no data of an input, and reads the one that is", () => {
    const data = Array.from({ length: 20 }, (_, index) => index / 4);
    const request = readJson({ parameters: { data }, inputs: [{ name: "x", datatype: "FP32", shape: [20], data }] });
    expect(request.parameters).toEqual({ data });
    expect(request.inputs.map(tensorOfInput)).toMatchObject([{ bytes: new Uint8Array(new Float32Array(data).buffer) }]);
  });

  it("leaves the contents of an input in shared memory to the caller", () => {
    const [input] = readJson({ inputs: [{ ...x, data: undefined, parameters: { shared_memory_region: "r" } }] }).inputs;
    expect(input?.parameters).toEqual({ shared_memory_region: "r" });
  });

  it.each<[string, unknown, string]>([
    ["a list", [1], "its JSON is not an object"],
    ["no inputs", {}, 'the member "inputs" is missing'],
    ["inputs that are no list", { inputs: {} }, 'the member "inputs" must be a list'],
    ["an input that is no object", { inputs: [x, 1] }, 'element 1 of "inputs" must be an object'],
    ["a name that is no string", { inputs: [{ ...x, name: 1 }] }, 'the member "name" of input 0 must be a string'],
    ["a shape that is no list", { inputs: [{ ...x, shape: 2 }] }, 'the member "shape" of the input "x" must be a list of numbers'],
    ["a shape of strings", { inputs: [{ ...x, shape: ["2"] }] }, "each dimension must be a whole number"],
    ["an unknown datatype", { inputs: [{ ...x, datatype: "int32" }] }, 'The datatype of the input "x" is "int32": expected one of'],
    ["no data", { inputs: [{ ...x, data: undefined }] }, 'the input "x" has neither "data", a list, nor the parameter "binary_data_size"'],
    ["an id that is no string", { inputs: [x], id: 1 }, 'the member "id" must be a string'],
    ["parameters that are no object", { inputs: [x], parameters: [] }, 'the member "parameters" of the request must be an object'],
    ["outputs that are no list", { inputs: [x], outputs: "y" }, 'the member "outputs" must be a list'],
    [
      "binary_data that is no boolean",
      { inputs: [x], outputs: [{ name: "y", parameters: { binary_data: 1 } }] },
      'the parameter "binary_data" must be',
    ],
    [
      "a negative binary size",
      { inputs: [{ ...x, parameters: { binary_data_size: -1 } }] },
      '"binary_data_size" of the input "x" must be a whole number',
    ],
    [
      "binary data without the header",
      { inputs: [{ ...x, parameters: { binary_data_size: 8 } }] },
      "Inference-Header-Content-Length is missing",
    ],
  ])("refuses %s", (_what, json, message) => {
    expect(refusal(() => readJson(json))).toContain(message);
  });

  it("refuses binary parts that do not fit the body, with the numbers", () => {
    const input = { name: "a", datatype: "UINT8", shape: [3], parameters: { binary_data_size: 3 } };
    const short = bodyOf({ inputs: [input] }, Buffer.from([1, 2]));
    expect(refusal(() => readRestInferRequest(short.bytes, short.jsonLength))).toContain(
      'of the input "a" ends at byte 3, but only 2 bytes follow',
    );
    const long = bodyOf({ inputs: [input] }, Buffer.from([1, 2, 3, 4]));
    expect(refusal(() => readRestInferRequest(long.bytes, long.jsonLength))).toContain("name 3 bytes of binary data, but 4 follow");
    expect(refusal(() => readRestInferRequest(long.bytes, 10_000))).toContain(
      "Inference-Header-Content-Length is 10000, but the body has only",
    );
    const both = bodyOf({ inputs: [{ ...input, data: [1, 2, 3] }] }, Buffer.from([1, 2, 3]));
    expect(refusal(() => readRestInferRequest(both.bytes, both.jsonLength))).toContain(
      'has both "data" and the parameter "binary_data_size"',
    );
    expect(refusal(() => readRestInferRequest(Buffer.alloc(0), undefined))).toContain("the body is empty");
  });
});

describe("writeRestInferResponse()", () => {
  const response: InferenceResponse = {
    modelName: 'a "quoted" name',
    modelVersion: "2",
    id: "r-1",
    outputs: [
      { name: "y", datatype: "FP32", shape: [1, 2], bytes: new Uint8Array(Float32Array.of(1.5, Number.NaN).buffer) },
      { name: "s", datatype: "BYTES", shape: [1], elements: [Buffer.from("é")] },
    ],
  };

  it("writes JSON, NaN as the word that Triton writes", () => {
    const { bytes, jsonLength } = writeRestInferResponse(response, () => false);
    expect(jsonLength).toBeUndefined();
    expect(Buffer.from(bytes).toString()).toBe(
      '{"model_name":"a \\"quoted\\" name","model_version":"2","id":"r-1","outputs":[{"name":"y","datatype":"FP32","shape":[1,2],"data":[1.5,NaN]},' +
        '{"name":"s","datatype":"BYTES","shape":[1],"data":["é"]}]}',
    );
  });

  it("writes mixed JSON and binary, the binary parts in order after the JSON", () => {
    const { bytes, jsonLength } = writeRestInferResponse(response, () => true);
    const json = JSON.parse(Buffer.from(bytes).toString("utf8", 0, jsonLength)) as { outputs: { parameters: unknown }[] };
    expect(json.outputs.map((output) => output.parameters)).toEqual([{ binary_data_size: 8 }, { binary_data_size: 6 }]);
    expect(Buffer.from(bytes.subarray(jsonLength)).toString("hex")).toBe("0000c03f0000c07f02000000c3a9");
    const mixed = writeRestInferResponse(response, (index) => index === 1);
    expect(Buffer.from(mixed.bytes.subarray(mixed.jsonLength)).toString("hex")).toBe("02000000c3a9");
  });

  it("writes what the request reader reads, as requests and answers share the form of tensors", () => {
    const { bytes, jsonLength } = writeRestInferResponse(response, (index) => index === 0);
    const text = Buffer.from(bytes).toString("latin1").replace('"outputs"', '"inputs" ');
    const read = readRestInferRequest(Buffer.from(text, "latin1"), jsonLength);
    expect(read.inputs.map(tensorOfInput).map((tensor) => Buffer.from(bytesOfTensor(tensor)).toString("hex"))).toEqual([
      "0000c03f0000c07f",
      "02000000c3a9",
    ]);
  });
});
