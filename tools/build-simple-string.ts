/**
 * Builds `simple_string`, the string example that Triton's users know, as ONNX: INPUT0 and INPUT1 are decimal whole numbers as text, OUTPUT0 is
 * their sum and OUTPUT1 their difference as text. The original is a TensorFlow graph; this one adds in 64 bits instead of 32.
 *
 *     node --conditions=modelyard-source tools/build-simple-string.ts [FILE]
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { buildModel, buildNode, elementCodeOf, type OnnxNode, tensorValue, writeModel } from "@modelyard/onnx";

const shape = ["batch", 16];

/** The model's file: BYTES [-1,16] twice in, BYTES [-1,16] twice out. Text that is no whole number fails the run. */
export function buildSimpleString(): Uint8Array {
  return writeModel(
    buildModel({
      name: "simple_string",
      opset: 17,
      irVersion: 8,
      nodes: [
        cast("INPUT0", "number0", "INT64"),
        cast("INPUT1", "number1", "INT64"),
        buildNode({ opType: "Add", inputs: ["number0", "number1"], outputs: ["sum"] }),
        buildNode({ opType: "Sub", inputs: ["number0", "number1"], outputs: ["difference"] }),
        cast("sum", "OUTPUT0", "BYTES"),
        cast("difference", "OUTPUT1", "BYTES"),
      ],
      inputs: [tensorValue("INPUT0", "BYTES", shape), tensorValue("INPUT1", "BYTES", shape)],
      outputs: [tensorValue("OUTPUT0", "BYTES", shape), tensorValue("OUTPUT1", "BYTES", shape)],
    }),
  );
}

function cast(from: string, to: string, datatype: "INT64" | "BYTES"): OnnxNode {
  return buildNode({ opType: "Cast", inputs: [from], outputs: [to], attributes: { to: BigInt(elementCodeOf(datatype)) } });
}

if (import.meta.main) {
  const file = resolve(process.argv[2] ?? ".cache/models/simple_string.onnx");
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, buildSimpleString());
  console.log(file);
}
