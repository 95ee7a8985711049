/** The runtime every installation has: ONNX Runtime in the serving process. */
import { type ClusterServingRuntime, clusterServingRuntimeKind } from "@modelyard/api";
import { PlatformError } from "@modelyard/core";
import type { ResourceClient } from "@modelyard/resources";

/** Label of objects that are kept as this version has them; without it an object is its user's. */
const managedLabel = "modelyard.dev/managed";

const builtinRuntime: ClusterServingRuntime = {
  apiVersion: "serving.kserve.io/v1alpha1",
  kind: "ClusterServingRuntime",
  metadata: { name: "onnxruntime", labels: { [managedLabel]: "true" } },
  spec: {
    supportedModelFormats: [{ name: "onnx", version: "1", autoSelect: true }],
    multiModel: true,
    protocolVersions: ["v2", "grpc-v2"],
    // In the serving process itself: there is no container to start.
    containers: [{ name: "onnxruntime", image: "modelyard.dev/in-process" }],
  },
};

/** Creates the built-in runtime, or brings it to this version. */
export async function ensureBuiltinRuntime(client: ResourceClient): Promise<void> {
  try {
    const known = await client.get(clusterServingRuntimeKind, builtinRuntime.metadata);
    if (known.metadata.labels?.[managedLabel] !== "true") return;
    await client.update(clusterServingRuntimeKind, { ...known, spec: builtinRuntime.spec });
  } catch (error) {
    if (!PlatformError.is(error) || error.reason !== "RESOURCE_NOT_FOUND") throw error;
    await client.create(clusterServingRuntimeKind, builtinRuntime);
  }
}
