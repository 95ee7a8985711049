/** Writes what `recorded-graph.ts` reads. */
import { type OnnxModel, writeModel } from "@modelyard/onnx";
import { lengthDigits } from "./recorded-graph.ts";

/** A graph with its record behind it. Two messages of protobuf one after the other are one: the entry joins the metadata of the model. */
export function recordGraph(graph: Uint8Array, record: string): Uint8Array {
  const length = String(Buffer.byteLength(record)).padStart(lengthDigits, "0");
  const entry: OnnxModel = {
    opsetImport: [],
    metadataProps: [{ key: "modelyard", value: `${record}${length}` }],
    trainingInfo: [],
    functions: [],
    configuration: [],
  };
  return Buffer.concat([graph, writeModel(entry)]);
}
