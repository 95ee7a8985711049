/** Small ONNX models for the tests of this package. */
import type { Datatype } from "@modelyard/codec";
import { buildGraph, buildModel, buildNode, buildTensor, type Dimension, type OnnxModel, tensorValue } from "@modelyard/onnx";

/** `y = x`, of any datatype and shape. */
export function identityModel(datatype: Datatype, shape: readonly Dimension[] = ["n"]): OnnxModel {
  return buildModel({
    nodes: [buildNode({ opType: "Identity", inputs: ["x"], outputs: ["y"] })],
    inputs: [tensorValue("x", datatype, shape)],
    outputs: [tensorValue("y", datatype, shape)],
  });
}

/** `y = z = x`, FP32 of any length: what the contract suite calls echo. `salt` makes otherwise equal files different. */
export function echoModel(salt: string): OnnxModel {
  return buildModel({
    nodes: [
      buildNode({ opType: "Identity", inputs: ["x"], outputs: ["y"] }),
      buildNode({ opType: "Identity", inputs: ["x"], outputs: ["z"] }),
    ],
    inputs: [tensorValue("x", "FP32", ["n"])],
    outputs: [tensorValue("y", "FP32", ["n"]), tensorValue("z", "FP32", ["n"])],
    metadata: { salt },
  });
}

/** Adds the sum of `elements` zeros to `x`: a run needs four bytes for each of them. */
export function hungryModel(elements: bigint): OnnxModel {
  return buildModel({
    nodes: [
      buildNode({ opType: "ConstantOfShape", inputs: ["size"], outputs: ["zeros"] }),
      buildNode({ opType: "ReduceSum", inputs: ["zeros"], outputs: ["sum"] }),
      buildNode({ opType: "Add", inputs: ["x", "sum"], outputs: ["y"] }),
    ],
    inputs: [tensorValue("x", "FP32", ["n"])],
    outputs: [tensorValue("y", "FP32", ["n"])],
    initializers: [buildTensor({ name: "size", datatype: "INT64", shape: [1], data: [elements] })],
  });
}

/** Counts up to `x` in a loop: `y` = the number of rounds. With the largest `x` it does not end in a lifetime. */
export function countingModel(): OnnxModel {
  const body = buildGraph({
    name: "round",
    nodes: [
      buildNode({ opType: "Identity", inputs: ["going"], outputs: ["goes_on"] }),
      buildNode({ opType: "Add", inputs: ["count", "one"], outputs: ["next"] }),
    ],
    inputs: [tensorValue("round", "INT64", []), tensorValue("going", "BOOL", []), tensorValue("count", "INT64", [])],
    outputs: [tensorValue("goes_on", "BOOL", []), tensorValue("next", "INT64", [])],
  });
  return buildModel({
    nodes: [buildNode({ opType: "Loop", inputs: ["x", "yes", "zero"], outputs: ["y"], attributes: { body: { graph: body } } })],
    inputs: [tensorValue("x", "INT64", [])],
    outputs: [tensorValue("y", "INT64", [])],
    initializers: [scalar("one", 1n), scalar("zero", 0n), buildTensor({ name: "yes", datatype: "BOOL", shape: [], data: [1] })],
  });
}

/** Loops for ever whatever it is given. */
export function endlessModel(): OnnxModel {
  return loopingModel(2n ** 62n);
}

/** Adds the number of rounds to what it is given, one by one: 100,000 of them take milliseconds on any machine. */
export function loopingModel(rounds: bigint): OnnxModel {
  const counting = countingModel();
  const nodes = counting.graph?.node ?? [];
  return buildModel({
    nodes: [
      ...nodes.map((node) => ({ ...node, input: ["rounds_wanted", "yes", "zero"], output: ["rounds"] })),
      buildNode({ opType: "Add", inputs: ["x", "rounds"], outputs: ["y"] }),
    ],
    inputs: [tensorValue("x", "INT64", [])],
    outputs: [tensorValue("y", "INT64", [])],
    initializers: [...(counting.graph?.initializer ?? []), scalar("rounds_wanted", rounds)],
  });
}

/** A dense layer with `size` x `size` weights from a fixed pattern. */
export function denseModel(size: number, salt = 1): OnnxModel {
  const weights = new Float32Array(size * size);
  for (let index = 0; index < weights.length; index++) weights[index] = ((index * salt) % 17) / 17;
  return buildModel({
    nodes: [buildNode({ opType: "MatMul", inputs: ["x", "w"], outputs: ["y"] })],
    inputs: [tensorValue("x", "FP32", ["n", size])],
    outputs: [tensorValue("y", "FP32", ["n", size])],
    initializers: [buildTensor({ name: "w", datatype: "FP32", shape: [size, size], data: new Uint8Array(weights.buffer) })],
  });
}

function scalar(name: string, value: bigint): ReturnType<typeof buildTensor> {
  return buildTensor({ name, datatype: "INT64", shape: [], data: [value] });
}
