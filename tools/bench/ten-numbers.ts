/** A model that only gives back the first ten numbers: what is left of a request is what HTTP and JSON cost. */
import type { LoadedModel } from "@modelyard/runtimes";

export const tenNumbers: LoadedModel = {
  modelId: "default/mnist__isvc-1",
  signature: {
    platform: "onnx_onnxruntime",
    inputs: [{ name: "Input3", datatype: "FP32", shape: [1, 1, 28, 28] }],
    outputs: [{ name: "y", datatype: "FP32", shape: [1, 10] }],
  },
  sizeBytes: 1,
  sizeSource: "estimated",
  maxConcurrency: 0,
  placement: "inline",
  runMicros: 1,
  infer({ inputs: [input] }) {
    const bytes = input && "bytes" in input ? input.bytes.subarray(0, 40) : new Uint8Array(40);
    return [{ name: "y", datatype: "FP32", shape: [1, 10], bytes }];
  },
  unload: () => Promise.resolve(),
};
