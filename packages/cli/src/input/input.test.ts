import { arrayOf, type Tensor } from "@modelyard/codec";
import { encode } from "fast-png";
import { describe, expect, it } from "vitest";
import { parseCsv } from "./csv.ts";
import { fitShape } from "./fit-shape.ts";
import { type ModelMetadata, parseModelMetadata, type TensorMetadata } from "./model-metadata.ts";
import { readInput } from "./read-input.ts";

const input = (datatype: TensorMetadata["datatype"], shape: readonly number[], name = "x"): TensorMetadata => ({ name, datatype, shape });

function model(...inputs: readonly TensorMetadata[]): ModelMetadata {
  return { name: "m", versions: ["1"], platform: "onnx_onnxruntime", inputs, outputs: [] };
}

/** What is sent for a file, by input: shape and elements. */
function read(content: string | Uint8Array, metadata: ModelMetadata): Record<string, { shape: readonly number[]; elements: unknown[] }> {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  const result = readInput({ source: "the file", bytes }, metadata);
  if (result.kind !== "tensors") throw new Error("tensors were expected");
  return Object.fromEntries(result.tensors.map((tensor) => [tensor.name, { shape: tensor.shape, elements: elementsOf(tensor) }]));
}

function elementsOf(tensor: Tensor): unknown[] {
  if (tensor.datatype === "BYTES") return tensor.elements.map((element) => Buffer.from(element).toString());
  return Array.from<unknown>(arrayOf(tensor.datatype, tensor.bytes));
}

/** An .npy file as numpy.save writes it. */
function npy(descr: string, shape: string, body: Uint8Array, order = "False"): Uint8Array {
  const text = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }`;
  const header = Buffer.from(`${text.padEnd(128 - 11)}\n`);
  const length = Buffer.from([header.length & 0xff, header.length >> 8]);
  return Buffer.concat([Buffer.from("\u0093NUMPY\u0001\u0000", "latin1"), length, header, body]);
}

const bytesOf = (array: ArrayBufferView): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

describe("readInput() of JSON", () => {
  it("passes a request of the inference protocol on as it was written", () => {
    const json = '{"inputs":[{"name":"x","shape":[1],"datatype":"INT64","data":[9007199254740993]}]}';
    expect(readInput({ source: "-", bytes: Buffer.from(`${json}\n`) }, model(input("INT64", [1])))).toEqual({ kind: "request", json });
  });

  it("takes a bare array for the one input, flat or nested, and fits it to the shape", () => {
    const two = model(input("FP32", [-1, 2]));
    expect(read("[[1,2],[3,4]]", two)).toEqual({ x: { shape: [2, 2], elements: [1, 2, 3, 4] } });
    expect(read("[1,2,3,4]", two)).toEqual({ x: { shape: [2, 2], elements: [1, 2, 3, 4] } });
    expect(read("7", model(input("INT64", [])))).toEqual({ x: { shape: [], elements: [7n] } });
    expect(read('["a","ü"]', model(input("BYTES", [-1])))).toEqual({ x: { shape: [2], elements: ["a", "ü"] } });
  });

  it("takes an object of arrays by input name", () => {
    const metadata = model(input("FP32", [-1], "a"), input("BOOL", [-1], "b"));
    expect(read('{"b":[true,false],"a":[1,2]}', metadata)).toEqual({
      a: { shape: [2], elements: [1, 2] },
      b: { shape: [2], elements: [1, 0] },
    });
  });

  it.each([
    ["[1,2,3]", model(input("FP32", [1, 2])), 'it has the shape [3], and "x" FP32 [1,2] is wanted'],
    ['["1"]', model(input("FP32", [1])), "a number that FP32 can hold"],
    ["[[1],[2,3]]", model(input("FP32", [-1, -1])), "differ in length"],
    ["[1", model(input("FP32", [1])), "damaged JSON"],
    ["", model(input("FP32", [1])), "it is empty"],
    ['{"y":[1]}', model(input("FP32", [1])), 'it has the member "y", and inputs "x" FP32 [1] is wanted'],
    ["{}", model(input("FP32", [1])), 'it has no member "x"'],
    ["[1]", model(input("FP32", [1], "a"), input("FP32", [1], "b")), "data for one input"],
  ])("refuses %s, saying what came and what is wanted", (text, metadata, message) => {
    expect(() => read(text, metadata)).toThrow(message);
  });
});

describe("readInput() of .npy", () => {
  it("sends elements that have the model's datatype as they are", () => {
    const floats = Float32Array.of(0.1, -0, Number.NaN, 4);
    expect(read(npy("<f4", "(2, 2)", bytesOf(floats)), model(input("FP32", [-1, 2])))).toEqual({
      x: { shape: [2, 2], elements: [...floats] },
    });
    const wide = BigInt64Array.of(2n ** 62n + 1n);
    expect(read(npy("<i8", "(1,)", bytesOf(wide)), model(input("INT64", [1])))).toEqual({ x: { shape: [1], elements: [2n ** 62n + 1n] } });
  });

  it("converts between number types and byte orders", () => {
    const swapped = Buffer.alloc(8);
    swapped.writeDoubleBE(1.5);
    expect(read(npy(">f8", "(1,)", swapped), model(input("FP32", [1])))).toEqual({ x: { shape: [1], elements: [1.5] } });
    expect(read(npy("|u1", "(3,)", Buffer.from([0, 1, 255])), model(input("FP16", [3])))).toEqual({
      x: { shape: [3], elements: [0, 1, 255] },
    });
    expect(read(npy("|b1", "(2,)", Buffer.from([1, 0])), model(input("INT32", [2])))).toEqual({ x: { shape: [2], elements: [1, 0] } });
    expect(read(npy("<i8", "()", bytesOf(BigInt64Array.of(5n))), model(input("FP64", [])))).toEqual({ x: { shape: [], elements: [5] } });
  });

  it("reads text", () => {
    const text = Buffer.alloc(2 * 3 * 4);
    ["a", "b"].forEach((character, index) => text.writeUInt32LE(character.codePointAt(0) ?? 0, index * 4));
    text.writeUInt32LE(0x1f600, 12);
    expect(read(npy("<U3", "(2,)", text), model(input("BYTES", [-1])))).toEqual({ x: { shape: [2], elements: ["ab", "😀"] } });
    expect(read(npy("|S2", "(2,)", Buffer.from("a\0bc")), model(input("BYTES", [2])))).toEqual({
      x: { shape: [2], elements: ["a", "bc"] },
    });
  });

  it.each([
    [npy("<f4", "(2, 2)", new Uint8Array(16), "True"), "Fortran order"],
    [npy("<f4", "(3,)", new Uint8Array(8)), "has 8 bytes of elements where 12 are wanted"],
    [npy("<c8", "(1,)", new Uint8Array(8)), 'elements of the type "<c8" are not supported'],
    [npy("|O", "(1,)", new Uint8Array(8)), 'elements of the type "|O" are not supported'],
  ])("refuses what it cannot read %#", (bytes, message) => {
    expect(() => read(bytes, model(input("FP32", [-1])))).toThrow(message);
  });
});

describe("readInput() of .png", () => {
  const grey = encode({ width: 3, height: 2, channels: 1, depth: 8, data: Uint8Array.of(0, 50, 100, 150, 200, 255) });
  const colour = encode({ width: 2, height: 1, channels: 3, depth: 8, data: Uint8Array.of(255, 0, 0, 1, 2, 3) });

  it("gives grey pixel values as they are, for every usual order of axes", () => {
    const elements = [0, 50, 100, 150, 200, 255];
    for (const shape of [[1, 1, 2, 3], [-1, 1, 2, 3], [-1, 2, 3, 1], [-1, 2, 3], [2, 3], [-1, 6], [6], [-1, -1, -1, -1]]) {
      expect(read(grey, model(input("FP32", shape)))["x"]?.elements).toEqual(elements);
    }
    expect(read(grey, model(input("UINT8", [-1, 1, 2, 3])))).toEqual({ x: { shape: [1, 1, 2, 3], elements } });
  });

  it("orders colour as the model wants it", () => {
    expect(read(colour, model(input("FP32", [1, 3, 1, 2])))["x"]?.elements).toEqual([255, 1, 0, 2, 0, 3]);
    expect(read(colour, model(input("FP32", [1, 1, 2, 3])))["x"]?.elements).toEqual([255, 0, 0, 1, 2, 3]);
    expect(read(colour, model(input("FP32", [-1, -1, -1, -1])))["x"]?.shape).toEqual([1, 3, 1, 2]);
  });

  it("makes grey of colour, and repeats grey, where the model takes the other", () => {
    expect(read(colour, model(input("FP32", [1, 1, 1, 2])))["x"]?.elements).toEqual([76, 2]);
    expect(read(grey, model(input("FP32", [1, 3, 2, 3])))["x"]?.elements).toEqual(Array(3).fill([0, 50, 100, 150, 200, 255]).flat());
  });

  it("widens pictures of few bits", () => {
    const bits = encode({ width: 3, height: 2, channels: 1, depth: 1, data: Uint8Array.of(0b10100000, 0b01000000) });
    expect(read(bits, model(input("FP32", [1, 1, 2, 3])))["x"]?.elements).toEqual([255, 0, 255, 0, 255, 0]);
  });

  it("refuses another size, naming both, and does not resize", () => {
    expect(() => read(grey, model(input("FP32", [1, 1, 28, 28])))).toThrow(
      'it has a picture 3 wide and 2 high, and "x" FP32 [1,1,28,28] is wanted',
    );
  });

  it("refuses a damaged picture", () => {
    expect(() => read(grey.subarray(0, 30), model(input("FP32", [1, 1, 2, 3])))).toThrow("damaged PNG");
  });
});

describe("readInput() of another file", () => {
  it("refuses text that is of no known form, which is CSV only for a model that takes strings", () => {
    const text = "Apache License\nVersion 2.0, January 2004\n";
    const refused = expect.objectContaining({ reason: "INPUT_INVALID", message: expect.stringContaining("nor CSV of numbers") });
    expect(() => read(text, model(input("FP32", [-1, 2])))).toThrow(refused);
    expect(read("Apache License\nVersion 2.0", model(input("BYTES", [-1, 1])))).toEqual({
      x: { shape: [2, 1], elements: ["Apache License", "Version 2.0"] },
    });
  });

  it("takes CSV whose numbers are no finite ones", () => {
    expect(read("NaN,NaN\n", model(input("FP32", [-1, 2])))).toEqual({ x: { shape: [1, 2], elements: [Number.NaN, Number.NaN] } });
  });
});

describe("readInput() of CSV", () => {
  it("makes a row of the batch of each line, and spreads it over the model's axes", () => {
    expect(read("1,2\n3,4\n", model(input("FP32", [-1, 2])))).toEqual({ x: { shape: [2, 2], elements: [1, 2, 3, 4] } });
    expect(read("1,2,3,4\n5,6,7,8", model(input("FP32", [-1, 1, 2, 2])))).toEqual({
      x: { shape: [2, 1, 2, 2], elements: [1, 2, 3, 4, 5, 6, 7, 8] },
    });
  });

  it("leaves out a first line of names, and takes columns by the names of several inputs", () => {
    expect(read("width,height\n1,2\n", model(input("FP32", [-1, 2])))).toEqual({ x: { shape: [1, 2], elements: [1, 2] } });
    const metadata = model(input("INT64", [-1, 1], "age"), input("BYTES", [-1, 1], "name"));
    expect(read('name,age\r\n"Ada, Countess",36\r\nBob,7\r\n', metadata)).toEqual({
      age: { shape: [2, 1], elements: [36n, 7n] },
      name: { shape: [2, 1], elements: ["Ada, Countess", "Bob"] },
    });
  });

  it.each([
    ["1,2\n3\n", model(input("FP32", [-1, 2])), "row 2 has 1 values and the first 2"],
    ["a,b\n", model(input("FP32", [-1, 1], "a"), input("FP32", [-1, 1], "b")), "names of columns and no rows"],
    ["a,b\n", model(input("FP32", [-1, 2])), "nor CSV of numbers"],
    ["a,b\n1,2\n", model(input("FP32", [-1], "a"), input("FP32", [-1], "c")), 'it has the columns a, b, and one named "c" is wanted'],
    ["1,many\n", model(input("FP32", [-1, 2])), "no rows"],
  ])("refuses %j", (text, metadata, message) => {
    expect(() => read(text, metadata)).toThrow(message);
  });
});

describe("parseCsv()", () => {
  it("reads quotes, line ends within them, empty cells and every kind of line end", () => {
    expect(parseCsv('a,"b\n""c""",\r\n,,\rlast')).toEqual([["a", 'b\n"c"', ""], ["", "", ""], ["last"]]);
    expect(parseCsv("\n\na\n\n")).toEqual([["a"]]);
    expect(parseCsv("")).toEqual([]);
  });
});

describe("fitShape()", () => {
  it.each([
    [
      [2, 3],
      [-1, 3],
      [2, 3],
    ],
    [[3], [1, 3], [1, 3]],
    [
      [1, 1, 3],
      [-1, 3],
      [1, 3],
    ],
    [
      [5, 4],
      [-1, 2, 2],
      [5, 2, 2],
    ],
    [[12], [-1, 2, -1], [6, 2, 1]],
    [[3], [2, 2], undefined],
    [[2, 2], [4], undefined],
    [[5], [-1, 2], undefined],
    [[2, 3], [3, 2], undefined],
  ] as [number[], number[], number[] | undefined][])("fits %j to %j as %j", (have, wanted, fitted) => {
    expect(fitShape(have, wanted)).toEqual(fitted);
  });
});

describe("parseModelMetadata()", () => {
  it("reads what servers of the inference protocol answer, and nothing else", () => {
    const answer = { name: "m", versions: ["1"], platform: "p", inputs: [{ name: "x", datatype: "FP32", shape: [-1, 2] }], outputs: [{}] };
    expect(parseModelMetadata(answer)).toEqual({ ...answer, outputs: [] });
    expect(parseModelMetadata({ error: "unknown model" })).toBeUndefined();
  });
});
