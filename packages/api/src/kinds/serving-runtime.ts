/** `ServingRuntime` and `ClusterServingRuntime` (serving.kserve.io/v1alpha1): what can serve which model formats. */
import { z } from "zod";
import { type DeepReadonly, defineKind, type KindDefinition, type KindNames } from "../kind-definition.ts";
import { metadataSchema } from "../metadata.ts";
import { container, opaque, podFields, textMap } from "./pod-spec.ts";
import { workerSpec } from "./predictor.ts";

const supportedModelFormat = z.looseObject({
  name: z.string().min(1),
  version: z.string().exactOptional(),
  autoSelect: z.boolean().exactOptional(),
  priority: z.int().min(1).exactOptional(),
});

const endpoint = z.string().regex(/^(port:\d+|unix:.+)$/, 'must be "port:<number>" or "unix:<path>"');

const builtInAdapter = z.looseObject({
  serverType: z.enum(["triton", "mlserver", "ovms", "torchserve"]).exactOptional(),
  runtimeManagementPort: z.int().exactOptional(),
  memBufferBytes: z.int().exactOptional(),
  modelLoadingTimeoutMillis: z.int().exactOptional(),
  env: z.array(opaque).exactOptional(),
});

const spec = z.looseObject({
  ...podFields,
  containers: z.array(container),
  supportedModelFormats: z.array(supportedModelFormat).exactOptional(),
  multiModel: z.boolean().exactOptional(),
  disabled: z.boolean().exactOptional(),
  protocolVersions: z.array(z.string()).exactOptional(),
  workerSpec: workerSpec.exactOptional(),
  grpcEndpoint: endpoint.exactOptional(),
  grpcDataEndpoint: endpoint.exactOptional(),
  httpDataEndpoint: endpoint.exactOptional(),
  replicas: z.int().min(0).max(65_535).exactOptional(),
  storageHelper: z.looseObject({ disabled: z.boolean().exactOptional() }).exactOptional(),
  builtInAdapter: builtInAdapter.exactOptional(),
  labels: textMap.exactOptional(),
  annotations: textMap.exactOptional(),
});

/** Fields both kinds share; `kind` is read as one of the two and checked by each. */
function runtimeSchema<Kind extends string>(kind: Kind) {
  return z.looseObject({
    apiVersion: z.literal("serving.kserve.io/v1alpha1"),
    kind: z.literal(kind),
    metadata: metadataSchema("subdomain"),
    spec,
    status: opaque.exactOptional(),
  });
}

const namespacedSchema = runtimeSchema("ServingRuntime");
const clusterSchema = runtimeSchema("ClusterServingRuntime");

/** A runtime of one namespace. It hides a cluster runtime of the same name. */
export type ServingRuntime = DeepReadonly<z.infer<typeof namespacedSchema>>;
/** A runtime of every namespace. */
export type ClusterServingRuntime = DeepReadonly<z.infer<typeof clusterSchema>>;
/** What both have. */
export type ServingRuntimeSpec = DeepReadonly<z.infer<typeof spec>>;

const shared = {
  group: "serving.kserve.io",
  version: "v1alpha1",
  hasStatus: false,
  columns: [
    { name: "Disabled", type: "boolean", path: "spec.disabled", priority: 0 },
    { name: "ModelType", type: "string", path: "spec.supportedModelFormats[*].name", priority: 0 },
    { name: "Containers", type: "string", path: "spec.containers[*].name", priority: 0 },
    { name: "Age", type: "date", path: "metadata.creationTimestamp", priority: 0 },
  ],
} as const satisfies Partial<KindNames>;

/** The namespaced kind. */
export const servingRuntimeKind: KindDefinition<ServingRuntime> = defineKind(
  { ...shared, kind: "ServingRuntime", plural: "servingruntimes", singular: "servingruntime", shortNames: [], namespaced: true },
  namespacedSchema,
);

/** The cluster kind. */
export const clusterServingRuntimeKind: KindDefinition<ClusterServingRuntime> = defineKind(
  {
    ...shared,
    kind: "ClusterServingRuntime",
    plural: "clusterservingruntimes",
    singular: "clusterservingruntime",
    shortNames: [],
    namespaced: false,
  },
  clusterSchema,
);
