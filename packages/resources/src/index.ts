/** Kubernetes objects as a library: client, informers, work queue, reconciler runtime. */
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
