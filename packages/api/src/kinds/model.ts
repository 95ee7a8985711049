/** `Model` (modelyard.dev/v1alpha1): a source of bytes and what is to become of it. */
import { z } from "zod";
import { type DeepReadonly, defineKind, type KindDefinition } from "../kind-definition.ts";
import { metadataSchema } from "../metadata.ts";
import { condition } from "./condition.ts";
import { opaque } from "./pod-spec.ts";

const source = z
  .looseObject({
    /** Address of a file or folder: `file://`, `http(s)://`, `s3://`, `gs://`, `az://`, `hf://`, `pvc://` or `upload://`. */
    uri: z.string().min(1).exactOptional(),
    /** Absolute path on the machine of the control process. */
    path: z.string().min(1).exactOptional(),
    /** Digest of an artifact that is in the store already. */
    digest: z
      .string()
      .regex(/^sha256:[0-9a-f]{64}$/, 'must be "sha256:" and 64 hexadecimal digits')
      .exactOptional(),
  })
  .refine((value) => [value.uri, value.path, value.digest].some((one) => one !== undefined), {
    message: "one of uri, path and digest is needed",
    params: { reason: "required" },
  })
  .refine((value) => value.uri === undefined || value.path === undefined, {
    path: ["path"],
    message: "only one of uri and path may be given",
    params: { reason: "forbidden" },
  });

const spec = z.looseObject({
  source,
  /** Format of the bytes; absent: `onnx`. */
  modelFormat: z.looseObject({ name: z.string().min(1), version: z.string().exactOptional() }).exactOptional(),
  /** Formats wanted, best first; absent: the planner chooses. */
  targets: z.array(z.string().min(1)).exactOptional(),
  precision: z.enum(["fp32", "fp16", "bf16", "int8", "int4"]).exactOptional(),
  /** Default true: the model becomes an InferenceService of the same name. */
  deploy: z.boolean().exactOptional(),
  policy: z
    .looseObject({
      allowPickle: z.boolean().exactOptional(),
      maxError: z.number().positive().exactOptional(),
      requireLicense: z.array(z.string()).exactOptional(),
    })
    .exactOptional(),
});

const phase = z.enum(["Pending", "Deploying", "Deployed", "Failed"]);

const status = z.looseObject({
  phase: phase.exactOptional(),
  observedGeneration: z.int().exactOptional(),
  digest: z.string().exactOptional(),
  findings: z
    .array(z.looseObject({ severity: z.enum(["info", "warning", "error"]), message: z.string(), field: z.string().exactOptional() }))
    .exactOptional(),
  deployed: z
    .looseObject({ inferenceService: z.string(), revision: z.int(), url: z.string().exactOptional(), grpc: z.string().exactOptional() })
    .exactOptional(),
  timeline: z.array(z.looseObject({ time: z.string(), phase, message: z.string().exactOptional() })).exactOptional(),
  conditions: z.array(condition).exactOptional(),
  message: z.string().exactOptional(),
  descriptor: opaque.exactOptional(),
});

const schema = z.looseObject({
  apiVersion: z.literal("modelyard.dev/v1alpha1"),
  kind: z.literal("Model"),
  metadata: metadataSchema("subdomain"),
  spec,
  status: status.exactOptional(),
});

/** A Model. */
export type Model = DeepReadonly<z.infer<typeof schema>>;
/** Its status. */
export type ModelObjectStatus = DeepReadonly<z.infer<typeof status>>;
/** Where in its life a Model is. */
export type ModelPhase = z.infer<typeof phase>;

/** The kind. */
export const modelKind: KindDefinition<Model> = defineKind(
  {
    group: "modelyard.dev",
    version: "v1alpha1",
    kind: "Model",
    plural: "models",
    singular: "model",
    shortNames: ["mdl"],
    namespaced: true,
    hasStatus: true,
    columns: [
      { name: "Phase", type: "string", path: "status.phase", priority: 0 },
      { name: "Digest", type: "string", path: "status.digest", priority: 1 },
      { name: "Deployed", type: "string", path: "status.deployed.inferenceService", priority: 0 },
      { name: "Revision", type: "integer", path: "status.deployed.revision", priority: 0 },
      { name: "Age", type: "date", path: "metadata.creationTimestamp", priority: 0 },
    ],
  },
  schema,
);
