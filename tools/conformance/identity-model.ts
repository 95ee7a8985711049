/** The models that the checks of datatypes need: `IN` of shape [-1] comes back as `OUT`. */
import type { Datatype } from "@modelyard/codec";
import { buildModel, buildNode, tensorValue, writeModel } from "@modelyard/onnx";

/** File of the model of one datatype. */
export function buildIdentity(datatype: Datatype): Uint8Array {
  return writeModel(
    buildModel({
      name: `identity_${datatype.toLowerCase()}`,
      opset: 17,
      irVersion: 8,
      nodes: [buildNode({ opType: "Identity", inputs: ["IN"], outputs: ["OUT"] })],
      inputs: [tensorValue("IN", datatype, ["n"])],
      outputs: [tensorValue("OUT", datatype, ["n"])],
    }),
  );
}
