import { describe, expect, it } from "vitest";
import { findModelFile } from "./find-model-file.ts";

const find = (...paths: readonly string[]): string => findModelFile(paths.map((path) => ({ path, digest: "sha256:0", sizeBytes: 1 }))).path;

describe("findModelFile", () => {
  it("takes the only file, whatever its name", () => {
    expect(find("digits")).toBe("digits");
  });

  it("takes the only .onnx file beside others", () => {
    expect(find("labels.txt", "net/digits.ONNX", "net/weights.bin")).toBe("net/digits.ONNX");
  });

  it("takes the model.onnx nearest to the root among several graphs", () => {
    expect(find("1/model.onnx", "1/parts/model.onnx", "1/other.onnx", "config.pbtxt")).toBe("1/model.onnx");
  });

  it.each([[["a.txt", "b.txt"]], [["a.onnx", "b.onnx"]], [["1/model.onnx", "2/model.onnx"]]])("refuses %j", (paths) => {
    expect(() => find(...paths)).toThrow(/exactly one .onnx file or a model.onnx/);
  });
});
