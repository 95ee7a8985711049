import { failure, systemClock } from "@modelyard/core";
import type { LoadRequest } from "../contract.ts";
import { fakeRuntime } from "./fake-runtime.ts";
import { runtimeContract } from "./runtime-contract.ts";

const request = (modelId: string): LoadRequest => ({
  modelId,
  modelType: "onnx",
  artifactDigest: `sha256:${"0".repeat(64)}`,
  parameters: {},
});
const float = { datatype: "FP32", shape: [-1] } as const;

runtimeContract("fakeRuntime", () => {
  const runtime = fakeRuntime({
    clock: systemClock(),
    behaviour: {
      signature: {
        platform: "fake",
        inputs: [{ name: "x", ...float }],
        outputs: [
          { name: "y", ...float },
          { name: "z", ...float },
        ],
      },
      compute: ({ inputs }) =>
        inputs.flatMap((input) => [
          { ...input, name: "y" },
          { ...input, name: "z" },
        ]),
    },
  });
  runtime.behave("broken", { loadFailure: failure("MODEL_LOAD_FAILED", { why: "the test says so" }) });
  return Promise.resolve({
    runtime,
    echo: request("echo"),
    other: request("other"),
    broken: request("broken"),
    close: () => Promise.resolve(),
  });
});
