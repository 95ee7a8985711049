import type { Tensor } from "@modelyard/codec";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { InferRequest } from "../contract.ts";
import { isAlike, rowCountOf, splitRows } from "./row-batch.ts";
import { RowStage } from "./row-stage.ts";

const floats = (shape: readonly number[], values: readonly number[]): Tensor => ({
  name: "x",
  datatype: "FP32",
  shape,
  bytes: new Uint8Array(Float32Array.from(values).buffer),
});
const texts = (shape: readonly number[], values: readonly string[]): Tensor => ({
  name: "t",
  datatype: "BYTES",
  shape,
  elements: values.map((text) => Buffer.from(text)),
});
const request = (...inputs: readonly Tensor[]): InferRequest => ({ inputs, outputNames: undefined });

describe("rowCountOf()", () => {
  it("is the size of axis 0 that all inputs share", () => {
    expect(rowCountOf(request(floats([2, 1], [1, 2]), texts([2], ["a", "b"])))).toBe(2);
  });

  it.each([
    ["inputs with different numbers of rows", request(floats([2], [1, 2]), texts([1], ["a"]))],
    ["a scalar", request(floats([], [1]))],
    ["no rows", request(floats([0, 3], []))],
    ["no inputs", request()],
  ])("is undefined for %s", (_name, one) => {
    expect(rowCountOf(one)).toBeUndefined();
  });
});

describe("isAlike()", () => {
  const one = request(floats([2, 2], [1, 2, 3, 4]));
  it("does not look at the number of rows", () => {
    expect(isAlike(one, request(floats([1, 2], [1, 2])))).toBe(true);
  });

  it.each<[string, InferRequest]>([
    ["another shape of a row", request(floats([1, 3], [1, 2, 3]))],
    ["more axes", request(floats([1, 2, 1], [1, 2]))],
    ["other outputs", { ...one, outputNames: ["y"] }],
  ])("tells %s", (_name, other) => {
    expect(isAlike(one, other)).toBe(false);
  });
});

describe("RowStage and splitRows()", () => {
  it("give back to each request what it brought, whatever the numbers of rows and columns", () => {
    const count = fc.integer({ min: 1, max: 5 });
    let spare: readonly Uint8Array[] = [];
    fc.assert(
      fc.property(fc.array(count, { minLength: 1, maxLength: 9 }), count, (rowCounts, columns) => {
        const requests = rowCounts.map((rows, index) => {
          const values = Array.from({ length: rows * columns }, (_, at) => index * 100 + at);
          return request(floats([rows, columns], values), texts([rows, columns], values.map(String)));
        });
        const rows = rowCounts.reduce((sum, one) => sum + one, 0);
        const [first] = requests;
        const stage = new RowStage(first ?? request(), 1_000, spare);
        for (const [index, one] of requests.entries()) expect(stage.add(one, rowCounts[index] ?? 0)).toBe(true);
        const together = stage.request();
        expect([rowCountOf(together), stage.rows]).toEqual([rows, rows]);
        spare = stage.spare(false);
        const parts = splitRows(together.inputs, rowCounts);
        expect(parts?.map((inputs) => inputs.map(plain))).toEqual(requests.map(({ inputs }) => inputs.map(plain)));
      }),
    );
  });

  it("a stage takes no request that is not like its first, or that it has no room for, but always its first", () => {
    const stage = new RowStage(request(floats([3, 1], [1, 2, 3])), 4, []);
    expect(stage.add(request(floats([6, 1], [1, 2, 3, 4, 5, 6])), 6)).toBe(true);
    expect(stage.add(request(floats([1, 1], [1])), 1)).toBe(false);
    const other = new RowStage(request(floats([1, 1], [1])), 4, []);
    other.add(request(floats([1, 1], [1])), 1);
    expect(other.add(request(floats([1, 2], [1, 2])), 1)).toBe(false);
    expect(other.rows).toBe(1);
  });

  it("a stage puts no more than 4 MiB of an input together", () => {
    const row = floats([1, 2 ** 19], []);
    const large = request({ ...row, bytes: new Uint8Array(2 ** 21) } as Tensor);
    const stage = new RowStage(large, 256, []);
    expect([stage.add(large, 1), stage.add(large, 1), stage.add(large, 1)]).toEqual([true, true, false]);
  });

  it("a stage of one request leaves no more than 16 KiB of memory for the next", () => {
    const sparedBytes = (rows: number, isLone: boolean): number | undefined => {
      const one = request(floats([rows, 1], Array.from({ length: rows }, Number)));
      const stage = new RowStage(one, 10_000, []);
      stage.add(one, rows);
      return stage.spare(isLone)[0]?.byteLength;
    };
    expect([sparedBytes(4_096, true), sparedBytes(4_097, true), sparedBytes(4_097, false)]).toEqual([16_384, 0, 16_388]);
  });

  it("splitRows() is undefined when an output does not have a row for each row", () => {
    expect(splitRows([floats([2, 1], [1, 2])], [1, 2])).toBeUndefined();
    expect(splitRows([floats([], [1])], [1])).toBeUndefined();
  });
});

function plain(tensor: Tensor): unknown {
  const data = tensor.datatype === "BYTES" ? tensor.elements.map((element) => Buffer.from(element).toString()) : Array.from(tensor.bytes);
  return { name: tensor.name, shape: tensor.shape, data };
}
