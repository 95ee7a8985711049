/** Fields every component of an InferenceService has: KServe's `ComponentExtensionSpec` over a PodSpec. */
import { z } from "zod";
import { container, intOrString, opaque, podFields, textMap } from "./pod-spec.ts";

const logger = z.looseObject({
  url: z.string().exactOptional(),
  mode: z.enum(["all", "request", "response"]).exactOptional(),
  metadataHeaders: z.array(z.string()).exactOptional(),
  metadataAnnotations: z.array(z.string()).exactOptional(),
  storage: z
    .looseObject({
      path: z.string().exactOptional(),
      key: z.string().exactOptional(),
      serviceAccountName: z.string().exactOptional(),
      parameters: textMap.exactOptional(),
    })
    .exactOptional(),
  marshallerUrl: z.string().exactOptional(),
  batchSize: z.int().min(1).exactOptional(),
  batchInterval: z.string().exactOptional(),
});

const batcher = z.looseObject({
  maxBatchSize: z.int().min(1).exactOptional(),
  maxLatency: z.int().min(0).exactOptional(),
  timeout: z.int().min(0).exactOptional(),
});

const metricTarget = z.looseObject({
  type: z.string().exactOptional(),
  value: z.union([z.string(), z.number()]).exactOptional(),
  averageValue: z.union([z.string(), z.number()]).exactOptional(),
  averageUtilization: z.int().exactOptional(),
});

const autoScaling = z.looseObject({
  metrics: z
    .array(
      z.looseObject({
        type: z.enum(["Resource", "External", "PodMetric"]),
        resource: z.looseObject({ name: z.string().exactOptional(), target: metricTarget }).exactOptional(),
        external: z
          .looseObject({ metric: opaque.exactOptional(), target: metricTarget, authenticationRef: opaque.exactOptional() })
          .exactOptional(),
        podmetric: z.looseObject({ metric: opaque.exactOptional(), target: metricTarget }).exactOptional(),
      }),
    )
    .exactOptional(),
  behavior: opaque.exactOptional(),
});

/** A percentage of traffic. */
const percent = z.int().min(0).max(100);

/** Fields of every component. */
export const componentFields = {
  ...podFields,
  containers: z.array(container).exactOptional(),
  minReplicas: z.int().min(0).exactOptional(),
  maxReplicas: z.int().min(0).exactOptional(),
  scaleTarget: z.int().exactOptional(),
  scaleMetric: z.enum(["cpu", "memory", "concurrency", "rps"]).exactOptional(),
  scaleMetricType: z.enum(["AverageValue", "Utilization"]).exactOptional(),
  autoScaling: autoScaling.exactOptional(),
  containerConcurrency: z.int().min(0).exactOptional(),
  timeout: z.int().min(0).exactOptional(),
  canaryTrafficPercent: percent.exactOptional(),
  logger: logger.exactOptional(),
  batcher: batcher.exactOptional(),
  labels: textMap.exactOptional(),
  annotations: textMap.exactOptional(),
  deploymentStrategy: z
    .looseObject({ type: z.string().exactOptional(), rollingUpdate: z.record(z.string(), intOrString).exactOptional() })
    .exactOptional(),
} as const;

/** Adds the rules that hold between fields of a component. */
export function checkComponent(value: { readonly minReplicas?: number; readonly maxReplicas?: number }, context: z.RefinementCtx): void {
  const { minReplicas, maxReplicas } = value;
  if (minReplicas !== undefined && maxReplicas !== undefined && maxReplicas !== 0 && minReplicas > maxReplicas) {
    context.addIssue({ code: "custom", path: ["maxReplicas"], message: `must be at least minReplicas, which is ${minReplicas}` });
  }
}
