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
export { type Fetch, type ServerTrust, trustingFetch } from "./http/trusting-fetch.ts";
export { collectionPath, keyOf, keyOfText, keyText, namespaceOf, objectPath } from "./paths.ts";
export { type EventRecorder, type EventRecorderOptions, eventRecorder, type Happening } from "./reconcile/event-recorder.ts";
export { type Informer, type InformerOptions, startInformer } from "./reconcile/informer.ts";
export { type KeySource, type ReconcileResult, type ReconcilerOptions, runReconciler, TerminalError } from "./reconcile/run-reconciler.ts";
export { setCondition, type WantedCondition } from "./reconcile/set-condition.ts";
export { sweepOrphans } from "./reconcile/sweep-orphans.ts";
export { WorkQueue, type WorkQueueOptions } from "./reconcile/work-queue.ts";
export { type KubernetesStatus, type StatusCause, statusOfError } from "./status.ts";
export type { Preconditions } from "./store/prepare-object.ts";
export { type StoreResources, type StoreResourcesDeps, storeResources, timestamp } from "./store/store-resources.ts";
