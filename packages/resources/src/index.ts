/** Kubernetes objects as a library: client, informers, work queue, reconciler runtime. */
export { type BackOff, backOffMs } from "./back-off.ts";
export type {
  KubernetesObject,
  ListOptions,
  ObjectEvent,
  ObjectKey,
  ObjectList,
  ObjectMeta,
  OwnerReference,
  ResourceClient,
  ResourceKind,
} from "./contract.ts";
export { type HttpResourceClientOptions, httpResourceClient } from "./http/http-resource-client.ts";
export { collectionPath, keyOf, keyOfText, keyText, namespaceOf, objectPath } from "./paths.ts";
export { type KubernetesStatus, type StatusCause, statusOfError } from "./status.ts";
