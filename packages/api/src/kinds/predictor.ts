/** The predictor of an InferenceService: `model`, or one of the per-framework forms that came before it. */
import { z } from "zod";
import { checkComponent, componentFields } from "./component.ts";
import { container, containerFields, opaque, podFields, textMap } from "./pod-spec.ts";

/** Frameworks with a form of their own (`predictor.sklearn` and so on). */
export const frameworks = [
  "sklearn",
  "xgboost",
  "tensorflow",
  "pytorch",
  "triton",
  "onnx",
  "huggingface",
  "pmml",
  "lightgbm",
  "paddle",
] as const;

/** A framework with a form of its own. */
export type Framework = (typeof frameworks)[number];

/** Where a model lies, by storage key and path. */
const storage = z.looseObject({
  key: z.string().exactOptional(),
  path: z.string().exactOptional(),
  schemaPath: z.string().exactOptional(),
  parameters: textMap.exactOptional(),
});

/** Fields of `model` and of every per-framework form: KServe's `PredictorExtensionSpec` over a container. */
const extensionFields = {
  name: z.string().exactOptional(),
  ...containerFields,
  storageUri: z.string().exactOptional(),
  storage: storage.exactOptional(),
  runtimeVersion: z.string().exactOptional(),
  protocolVersion: z.string().exactOptional(),
} as const;

const modelFormat = z.looseObject({ name: z.string().min(1), version: z.string().exactOptional() });

const model = z.looseObject({ ...extensionFields, modelFormat, runtime: z.string().exactOptional() });

const framework = z.looseObject(extensionFields);

/** Multi-node serving. */
export const workerSpec = z.looseObject({
  ...podFields,
  containers: z.array(container).exactOptional(),
  pipelineParallelSize: z.int().min(1).exactOptional(),
  tensorParallelSize: z.int().min(1).exactOptional(),
  labels: textMap.exactOptional(),
  annotations: textMap.exactOptional(),
  size: z.int().min(1).exactOptional(),
});

const predictorFields = {
  ...componentFields,
  name: z.string().exactOptional(),
  model: model.exactOptional(),
  sklearn: framework.exactOptional(),
  xgboost: framework.exactOptional(),
  tensorflow: framework.exactOptional(),
  pytorch: framework.exactOptional(),
  triton: framework.exactOptional(),
  onnx: framework.exactOptional(),
  huggingface: framework.exactOptional(),
  pmml: framework.exactOptional(),
  lightgbm: framework.exactOptional(),
  paddle: framework.exactOptional(),
  storageUris: z.array(z.looseObject({ uri: z.string().min(1), mountPath: z.string().exactOptional() })).exactOptional(),
  storageContainerName: z.string().exactOptional(),
  workerSpec: workerSpec.exactOptional(),
  confidential: z.looseObject({ enabled: z.boolean().exactOptional(), resourceId: z.string().exactOptional() }).exactOptional(),
  // ModelMesh Serving read it here before the annotation.
  resourceClaims: z.array(opaque).exactOptional(),
} as const;

/** Schema of a predictor. */
export const predictor = z.looseObject(predictorFields).superRefine((value, context) => {
  checkComponent(value, context);
  const forms = ["model" as const, ...frameworks].filter((form) => value[form] !== undefined);
  for (const form of forms.slice(1)) {
    context.addIssue({
      code: "custom",
      path: [form],
      message: `only one of the model forms may be given, and "${forms[0]}" is`,
      params: { reason: "forbidden" },
    });
  }
  for (const form of forms) checkStorage({ form, uri: value[form]?.storageUri, path: value[form]?.storage?.path }, context);
});

/** Schema of a predictor beside the default one, which has a name and a share of the traffic. */
export const canaryPredictor = z.looseObject({
  predictor: z.looseObject({ ...predictorFields, name: z.string().min(1) }),
  trafficPercent: z.int().min(0).max(100).exactOptional(),
});

interface StorageGiven {
  readonly form: string;
  readonly uri: string | undefined;
  readonly path: string | undefined;
}

function checkStorage({ form, uri, path }: StorageGiven, context: z.RefinementCtx): void {
  if (uri === undefined || path === undefined) return;
  context.addIssue({
    code: "custom",
    path: [form, "storage", "path"],
    message: "only one of storageUri and storage.path may be given",
    params: { reason: "forbidden" },
  });
}
