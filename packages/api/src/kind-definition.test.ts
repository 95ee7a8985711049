import { describe, expect, test } from "vitest";
import { fieldProblemsOf } from "./field-problem.ts";
import { inferenceServiceKind } from "./kinds/inference-service.ts";
import { modelKind } from "./kinds/model.ts";
import { namespaceKind } from "./kinds/namespace.ts";
import { clusterServingRuntimeKind } from "./kinds/serving-runtime.ts";
import { findKind, kinds } from "./kinds.ts";

const header = { apiVersion: "serving.kserve.io/v1beta1", kind: "InferenceService" };
const service = (predictor: unknown, more: object = {}): unknown => ({
  ...header,
  metadata: { name: "digits" },
  spec: { predictor, ...more },
});
const onnx = { modelFormat: { name: "onnx" }, storageUri: "file:///models/digits.onnx" };

function problems(parse: (value: unknown) => unknown, value: unknown): readonly (readonly [string, string])[] {
  try {
    parse(value);
  } catch (error) {
    return fieldProblemsOf(error).map(({ field, reason }) => [field, reason]);
  }
  return [];
}

describe("parse", () => {
  test("takes the new form, the old form, and a component with every scaling field", () => {
    const scaling = { minReplicas: 0, maxReplicas: 3, scaleMetric: "rps", scaleTarget: 5, timeout: 60, canaryTrafficPercent: 10 };
    expect(inferenceServiceKind.parse(service({ model: onnx, ...scaling }))).toEqual(service({ model: onnx, ...scaling }));
    expect(
      inferenceServiceKind.parse(service({ sklearn: { storageUri: "s3://bucket/m", resources: { limits: { cpu: 1 } } } })),
    ).toBeDefined();
  });

  test("names every wrong field by its path, at once", () => {
    const wrong = {
      ...header,
      metadata: { name: "Not_A_Name", labels: { "a/b/c": "x" }, annotations: { "-": "x" } },
      spec: { predictor: { model: { modelFormat: {} }, minReplicas: -1 }, canary: [{ predictor: {}, trafficPercent: 101 }] },
    };
    expect(problems(inferenceServiceKind.parse, wrong)).toEqual([
      ["metadata.name", "FieldValueInvalid"],
      ["metadata.labels[a/b/c]", "FieldValueInvalid"],
      ["metadata.annotations[-]", "FieldValueInvalid"],
      ["spec.predictor.minReplicas", "FieldValueInvalid"],
      ["spec.predictor.model.modelFormat.name", "FieldValueRequired"],
      ["spec.canary[0].predictor.name", "FieldValueRequired"],
      ["spec.canary[0].trafficPercent", "FieldValueInvalid"],
    ]);
  });

  test("refuses two model forms, and a storage address beside a storage path", () => {
    expect(problems(inferenceServiceKind.parse, service({ model: onnx, sklearn: {} }))).toEqual([
      ["spec.predictor.sklearn", "FieldValueForbidden"],
    ]);
    const both = { ...onnx, storage: { path: "x" } };
    expect(problems(inferenceServiceKind.parse, service({ model: both }))).toEqual([
      ["spec.predictor.model.storage.path", "FieldValueForbidden"],
    ]);
  });

  test("refuses fewer replicas at most than at least, and canaries over 100 percent", () => {
    expect(problems(inferenceServiceKind.parse, service({ model: onnx, minReplicas: 3, maxReplicas: 1 }))).toEqual([
      ["spec.predictor.maxReplicas", "FieldValueInvalid"],
    ]);
    const canary = [60, 50].map((trafficPercent, index) => ({ predictor: { name: `c${index}`, model: onnx }, trafficPercent }));
    expect(problems(inferenceServiceKind.parse, service({ model: onnx }, { canary }))).toEqual([["spec.canary", "FieldValueInvalid"]]);
  });

  test("counts a null as absent, as manifests written by tools have them", () => {
    const value = { ...header, metadata: { name: "digits", creationTimestamp: null }, spec: { predictor: { model: onnx, logger: null } } };
    expect(inferenceServiceKind.parse(value)).toEqual(service({ model: onnx }));
  });

  test("keeps unknown fields and reports their paths, but none below opaque ones", () => {
    const value = service({
      model: { ...onnx, storageUrl: "x" },
      affinity: { anything: { goes: 1 } },
      containers: [{ name: "c", imag: "y" }],
    });
    expect(inferenceServiceKind.parse(value)).toEqual(value);
    expect(inferenceServiceKind.unknownFields(value)).toEqual(["spec.predictor.model.storageUrl", "spec.predictor.containers[0].imag"]);
  });

  test("takes the cluster runtime and the model kind", () => {
    const runtime = {
      apiVersion: "serving.kserve.io/v1alpha1",
      kind: "ClusterServingRuntime",
      metadata: { name: "triton-2.x" },
      spec: {
        supportedModelFormats: [{ name: "keras", version: "2", autoSelect: true, priority: 1 }],
        protocolVersions: ["grpc-v2"],
        multiModel: true,
        grpcEndpoint: "port:8085",
        containers: [{ name: "triton", image: "triton:2" }],
        builtInAdapter: { serverType: "triton", runtimeManagementPort: 8001, memBufferBytes: 134_217_728 },
      },
    };
    expect(clusterServingRuntimeKind.parse(runtime)).toEqual(runtime);
    expect(clusterServingRuntimeKind.unknownFields(runtime)).toEqual([]);
    expect(problems(clusterServingRuntimeKind.parse, { ...runtime, spec: { ...runtime.spec, grpcEndpoint: "8085" } })).toEqual([
      ["spec.grpcEndpoint", "FieldValueInvalid"],
    ]);
    const model = { apiVersion: "modelyard.dev/v1alpha1", kind: "Model", metadata: { name: "m" }, spec: { source: {} } };
    expect(problems(modelKind.parse, model)).toEqual([["spec.source", "FieldValueRequired"]]);
  });

  test("wants a DNS label where a name becomes one", () => {
    const namespace = (name: string): unknown => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
    expect(problems(namespaceKind.parse, namespace("a.b"))).toEqual([["metadata.name", "FieldValueInvalid"]]);
    expect(problems(namespaceKind.parse, namespace("team-a"))).toEqual([]);
  });

  test.each([["a text"], [7], [null], [[]], [{}]])("refuses %j with a field path and without a crash", (value) => {
    for (const kind of kinds) expect(() => kind.parse(value)).toThrow(/is invalid/);
  });
});

describe("findKind", () => {
  test.each([
    ["isvc", "InferenceService"],
    ["InferenceServices", "InferenceService"],
    ["models.modelyard.dev", "Model"],
    ["ns", "Namespace"],
  ])("%s is %s", (name, kind) => expect(findKind(name)?.kind).toBe(kind));

  test("knows nothing of other names", () => expect(findKind("pods")).toBeUndefined());
});
