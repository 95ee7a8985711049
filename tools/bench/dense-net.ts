/** A dense net of which one run of many rows costs little more than one of one. */
import { buildModel, buildNode, buildTensor, type OnnxModel, tensorValue } from "@modelyard/onnx";

/** Columns in and out of each layer. */
export const denseSizes: readonly [number, number, number, number] = [784, 256, 256, 10];

/** 784-256-256-10 with rectifiers. */
export function denseNet(): OnnxModel {
  const layers = denseSizes.slice(1).map((columns, index) => ({ rows: denseSizes[index] ?? 0, columns, index }));
  const weights = (count: number, salt: number): Uint8Array =>
    new Uint8Array(new Float32Array(count).map((_, at) => (((at + salt) * 7919) % 1009) / 5_045 - 0.1).buffer);
  return buildModel({
    nodes: layers.flatMap(({ index }) => {
      const isLast = index === layers.length - 1;
      const gemm = buildNode({
        opType: "Gemm",
        inputs: [index === 0 ? "x" : `a${index}`, `w${index}`, `b${index}`],
        outputs: [isLast ? "y" : `g${index}`],
      });
      return isLast ? [gemm] : [gemm, buildNode({ opType: "Relu", inputs: [`g${index}`], outputs: [`a${index + 1}`] })];
    }),
    inputs: [tensorValue("x", "FP32", ["n", denseSizes[0]])],
    outputs: [tensorValue("y", "FP32", ["n", denseSizes[3]])],
    initializers: layers.flatMap(({ rows, columns, index }) => [
      buildTensor({ name: `w${index}`, datatype: "FP32", shape: [rows, columns], data: weights(rows * columns, index) }),
      buildTensor({ name: `b${index}`, datatype: "FP32", shape: [columns], data: weights(columns, index) }),
    ]),
  });
}
