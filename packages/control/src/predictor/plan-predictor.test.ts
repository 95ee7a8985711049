import { type InferenceService, modelNameAnnotation, refetchAnnotation } from "@modelyard/api";
import { describe, expect, test } from "vitest";
import { planPredictor } from "./plan-predictor.ts";

const plan = (
  predictor: InferenceService["spec"]["predictor"],
  annotations: Record<string, string> = {},
): ReturnType<typeof planPredictor> =>
  planPredictor({
    apiVersion: "serving.kserve.io/v1beta1",
    kind: "InferenceService",
    metadata: { name: "digits", namespace: "default", annotations },
    spec: { predictor },
  });
const storageUri = "file:///m.onnx";

describe("planPredictor", () => {
  test("reads the model form", () => {
    const model = {
      modelFormat: { name: "onnx", version: "1" },
      runtime: "r",
      protocolVersion: "v2",
      storageUri,
      storage: { parameters: { runLimit: "1s" } },
    };
    expect(plan({ model })).toMatchObject({
      kind: "planned",
      plan: {
        format: { name: "onnx", version: "1" },
        runtime: "r",
        protocol: "v2",
        source: { kind: "file", path: "/m.onnx" },
        parameters: { runLimit: "1s" },
      },
    });
  });

  test("reads the per-framework form with the runtime of its annotation", () => {
    expect(plan({ sklearn: { storageUri } }, { "serving.kserve.io/servingRuntime": "mlserver" })).toMatchObject({
      plan: { format: { name: "sklearn" }, runtime: "mlserver" },
    });
  });

  test("wants another fetch when source, digest or refetch annotation differ, and for nothing else", () => {
    const hash = (predictor: InferenceService["spec"]["predictor"], annotations?: Record<string, string>): string => {
      const planned = plan(predictor, annotations);
      return planned.kind === "planned" ? planned.plan.sourceHash : planned.error.reason;
    };
    const onnx = { storageUri };
    const first = hash({ onnx });
    expect(hash({ onnx, minReplicas: 1 }, { other: "x" })).toBe(first);
    const others = [
      hash({ onnx: { storageUri: "file:///n" } }),
      hash({ onnx }, { [refetchAnnotation]: "1" }),
      hash({ onnx }, { "modelyard.dev/expected-digest": "sha256:0" }),
    ];
    expect(new Set([first, ...others]).size).toBe(4);
  });

  test.each([
    [{}, {}, "STORAGE_MISSING"],
    [{ onnx: {} }, {}, "STORAGE_MISSING"],
    [{ onnx: { storage: { key: "k", path: "p" } } }, {}, "STORAGE_REFUSED"],
    [{ onnx: { storage: { path: "p" } } }, {}, "STORAGE_MISSING"],
    [{ onnx: { storageUri: "ftp://b/m" } }, {}, "SOURCE_UNSUPPORTED"],
    [{ onnx: { storageUri, storage: { key: "k" } } }, {}, "STORAGE_REFUSED"],
    [{ onnx: { storageUri, storage: { parameters: { unpack: "maybe" } } } }, {}, "INVALID_ARGUMENT"],
    [{ onnx: { storageUri } }, { [modelNameAnnotation]: "two words" }, "INVALID_ARGUMENT"],
  ])("refuses %j %j with %s", (predictor, annotations, reason) => {
    expect(plan(predictor, annotations)).toMatchObject({ kind: "refused", error: { reason } });
  });
});
