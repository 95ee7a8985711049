/** Addresses of a service on the data plane. Pure. */
import { type InferenceService, modelNameAnnotation } from "@modelyard/api";

/** Addresses of one service. */
export interface ServiceUrls {
  /** What `/v2/models/<name>/infer` is appended to. */
  readonly base: string;
  /** `<base>/v2/models/<name>`. */
  readonly model: string;
  /** `host:port` for gRPC. */
  readonly grpc: string;
  readonly modelName: string;
}

/** Addresses below the data plane's; undefined while that is not known. Services outside the namespace `default` are under `/ns/<namespace>`. */
export function serviceUrls(
  service: Pick<InferenceService, "metadata">,
  facts: { readonly dataUrl: string | undefined; readonly nameHolder: string | undefined },
): ServiceUrls | undefined {
  const { dataUrl, nameHolder } = facts;
  if (dataUrl === undefined) return undefined;
  const { name, namespace = "default", annotations = {} } = service.metadata;
  // A name that another service answers to leads there.
  const modelName = nameHolder === undefined ? (annotations[modelNameAnnotation] ?? name) : name;
  const root = dataUrl.replace(/\/+$/, "");
  const base = namespace === "default" ? root : `${root}/ns/${encodeURIComponent(namespace)}`;
  return { base, model: `${base}/v2/models/${encodeURIComponent(modelName)}`, grpc: root.replace(/^\w+:\/\//, ""), modelName };
}
