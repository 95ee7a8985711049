/** The models that the checks need, as ONNX files: written with `--write-models`, so that whoever has another server can give it the same. */
import { type Datatype, datatypes } from "@modelyard/codec";
import { buildModel, buildNode, buildTensor, type ModelOptions, tensorValue, writeModel } from "@modelyard/onnx";
import type { TensorSignature } from "@modelyard/runtimes";

/** One model. */
export interface ConformanceModel {
  /** Name that the checks ask for unless they are told another. */
  readonly name: string;
  readonly inputs: readonly TensorSignature[];
  readonly outputs: readonly TensorSignature[];
  /** Its ONNX file. */
  readonly bytes: Uint8Array;
}

type Graph = Pick<ModelOptions, "nodes" | "initializers">;

const pixels = 784;
const scores = 10;

/** Every model. */
export function conformanceModels(): readonly ConformanceModel[] {
  return [digits(), identity("identity_pair", pairTensors), ...datatypes.map((datatype) => identityOf(datatype))];
}

const pairTensors: readonly TensorSignature[] = [
  { name: "A", datatype: "FP32", shape: [-1, -1] },
  { name: "B", datatype: "INT64", shape: [-1] },
];

/** `IN` comes back as `OUT`. */
function identityOf(datatype: Datatype): ConformanceModel {
  const tensor = { name: "IN", datatype, shape: [-1] };
  const named = { inputs: [tensor], outputs: [{ ...tensor, name: "OUT" }] };
  return model({ name: `identity_${datatype.toLowerCase()}`, ...named }, echo(named));
}

/** Each input comes back as `OUT_` and its name. */
function identity(name: string, inputs: readonly TensorSignature[]): ConformanceModel {
  const named = { inputs, outputs: inputs.map((input) => ({ ...input, name: `OUT_${input.name}` })) };
  return model({ name, ...named }, echo(named));
}

function echo({ inputs, outputs }: Pick<ConformanceModel, "inputs" | "outputs">): Graph {
  const nodes = inputs.map(({ name }, index) => buildNode({ opType: "Identity", inputs: [name], outputs: [outputs[index]?.name ?? ""] }));
  return { nodes };
}

/** In place of the digits network: names and shapes of it; one dense layer whose scores of a blank image are 0 to 0.9. */
function digits(): ConformanceModel {
  const weights = Array.from({ length: pixels * scores }, (_, index) => ((index % 7) - 3) / pixels);
  const bias = Array.from({ length: scores }, (_, index) => index / scores);
  const inputs: readonly TensorSignature[] = [{ name: "Input3", datatype: "FP32", shape: [1, 1, 28, 28] }];
  const outputs: readonly TensorSignature[] = [{ name: "Plus214_Output_0", datatype: "FP32", shape: [1, scores] }];
  return model(
    { name: "mnist", inputs, outputs },
    {
      nodes: [
        buildNode({ opType: "Reshape", inputs: ["Input3", "row"], outputs: ["flat"] }),
        buildNode({ opType: "Gemm", inputs: ["flat", "weights", "bias"], outputs: ["Plus214_Output_0"] }),
      ],
      initializers: [
        buildTensor({ name: "row", datatype: "INT64", shape: [2], data: [1n, BigInt(pixels)] }),
        buildTensor({ name: "weights", datatype: "FP32", shape: [pixels, scores], data: weights }),
        buildTensor({ name: "bias", datatype: "FP32", shape: [scores], data: bias }),
      ],
    },
  );
}

function model(described: Omit<ConformanceModel, "bytes">, graph: Graph): ConformanceModel {
  const { name, inputs, outputs } = described;
  const value = (tensor: TensorSignature): ReturnType<typeof tensorValue> =>
    tensorValue(
      tensor.name,
      tensor.datatype,
      tensor.shape.map((size, index) => (size < 0 ? `${name}_${index}` : size)),
    );
  const options = { opset: 17, irVersion: 8, name, ...graph, inputs: inputs.map(value), outputs: outputs.map(value) };
  return { ...described, bytes: writeModel(buildModel(options)) };
}
