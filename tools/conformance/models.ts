/** The models that the checks need, as ONNX files: written with `--write-models`, so that whoever has another server can give it the same. */
import { type Datatype, datatypes } from "@modelyard/codec";
import { buildModel, buildNode, buildTensor, type OnnxModel, tensorValue, writeModel } from "@modelyard/onnx";

/** One file. */
export interface ConformanceModel {
  /** Name that the checks ask for unless they are told another. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

const versions = { opset: 17, irVersion: 8 };
const pixels = 784;
const scores = 10;

/** Every model. */
export function conformanceModels(): readonly ConformanceModel[] {
  const identities = datatypes.map((datatype) => ({ name: `identity_${datatype.toLowerCase()}`, model: identity(datatype) }));
  const all = [{ name: "mnist", model: digits() }, { name: "identity_pair", model: pair() }, ...identities];
  return all.map(({ name, model }) => ({ name, bytes: writeModel(model) }));
}

/** `IN` of shape [-1] comes back as `OUT`. */
function identity(datatype: Datatype): OnnxModel {
  return buildModel({
    ...versions,
    name: `identity_${datatype.toLowerCase()}`,
    nodes: [buildNode({ opType: "Identity", inputs: ["IN"], outputs: ["OUT"] })],
    inputs: [tensorValue("IN", datatype, ["n"])],
    outputs: [tensorValue("OUT", datatype, ["n"])],
  });
}

/** `A` and `B` come back as `OUT_A` and `OUT_B`. */
function pair(): OnnxModel {
  return buildModel({
    ...versions,
    name: "identity_pair",
    nodes: [
      buildNode({ opType: "Identity", inputs: ["A"], outputs: ["OUT_A"] }),
      buildNode({ opType: "Identity", inputs: ["B"], outputs: ["OUT_B"] }),
    ],
    inputs: [tensorValue("A", "FP32", ["rows", "columns"]), tensorValue("B", "INT64", ["n"])],
    outputs: [tensorValue("OUT_A", "FP32", ["rows", "columns"]), tensorValue("OUT_B", "INT64", ["n"])],
  });
}

/** In place of the digits network: names and shapes of it; one dense layer whose scores of a blank image are 0 to 0.9. */
function digits(): OnnxModel {
  const weights = Array.from({ length: pixels * scores }, (_, index) => ((index % 7) - 3) / pixels);
  const bias = Array.from({ length: scores }, (_, index) => index / scores);
  return buildModel({
    ...versions,
    name: "mnist",
    nodes: [
      buildNode({ opType: "Reshape", inputs: ["Input3", "row"], outputs: ["flat"] }),
      buildNode({ opType: "Gemm", inputs: ["flat", "weights", "bias"], outputs: ["Plus214_Output_0"] }),
    ],
    inputs: [tensorValue("Input3", "FP32", [1, 1, 28, 28])],
    outputs: [tensorValue("Plus214_Output_0", "FP32", [1, scores])],
    initializers: [
      buildTensor({ name: "row", datatype: "INT64", shape: [2], data: [1n, BigInt(pixels)] }),
      buildTensor({ name: "weights", datatype: "FP32", shape: [pixels, scores], data: weights }),
      buildTensor({ name: "bias", datatype: "FP32", shape: [scores], data: bias }),
    ],
  });
}
