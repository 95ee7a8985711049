import type { ClusterServingRuntime, ServingRuntime, ServingRuntimeSpec } from "@modelyard/api";
import { describe, expect, test } from "vitest";
import { selectRuntime } from "./select-runtime.ts";

const spec = (more: Partial<ServingRuntimeSpec> = {}): ServingRuntimeSpec => ({
  containers: [],
  multiModel: true,
  protocolVersions: ["grpc-v2"],
  supportedModelFormats: [
    { name: "onnx", version: "1", autoSelect: true },
    { name: "keras", version: "2" },
  ],
  ...more,
});
const cluster = (name: string, more?: Partial<ServingRuntimeSpec>): ClusterServingRuntime => ({
  apiVersion: "serving.kserve.io/v1alpha1",
  kind: "ClusterServingRuntime",
  metadata: { name },
  spec: spec(more),
});
const own = (name: string, more?: Partial<ServingRuntimeSpec>): ServingRuntime => ({
  apiVersion: "serving.kserve.io/v1alpha1",
  kind: "ServingRuntime",
  metadata: { name, namespace: "default" },
  spec: spec(more),
});

const select = (
  wanted: { name?: string; version?: string; runtime?: string; protocol?: string },
  runtimes: { namespaced?: ServingRuntime[]; cluster?: ClusterServingRuntime[] },
): string => {
  const { name = "onnx", version, ...rest } = wanted;
  const plan = { format: version === undefined ? { name } : { name, version }, ...rest };
  const chosen = selectRuntime(plan, { namespaced: [], cluster: [], ...runtimes });
  return chosen.kind === "selected" ? `${chosen.isCluster ? "cluster" : "own"} ${chosen.name}` : chosen.error.reason;
};

describe("selectRuntime", () => {
  test("takes a runtime of the namespace before one of the cluster, then the first by name", () => {
    expect(select({}, { namespaced: [own("z"), own("y")], cluster: [cluster("a")] })).toBe("own y");
  });

  test("lets a runtime of the namespace hide the cluster's of the same name, even when it is disabled", () => {
    expect(select({}, { namespaced: [own("a", { disabled: true })], cluster: [cluster("a")] })).toBe("NO_SUPPORTING_RUNTIME");
  });

  test.each([
    [{ version: "1" }, "cluster a"],
    [{ version: "1.15" }, "NO_SUPPORTING_RUNTIME"],
    [{ name: "keras" }, "NO_SUPPORTING_RUNTIME"],
    [{ name: "keras", runtime: "a" }, "cluster a"],
    [{ runtime: "b" }, "RUNTIME_NOT_RECOGNIZED"],
    [{ protocol: "grpc-v2" }, "cluster a"],
    [{ protocol: "v2" }, "cluster a"],
    [{ protocol: "v1" }, "NO_SUPPORTING_RUNTIME"],
  ])("%j gives %s", (wanted, expected) => expect(select(wanted, { cluster: [cluster("a")] })).toBe(expected));

  test.each([{ multiModel: false }, { disabled: true }])("does not choose %j", (more) => {
    expect(select({}, { cluster: [cluster("a", more)] })).toBe("NO_SUPPORTING_RUNTIME");
    expect(select({ runtime: "a" }, { cluster: [cluster("a", more)] })).toBe("NO_SUPPORTING_RUNTIME");
  });
});
