/** Registry, cache, placement and vmodels of the serving processes. */
export type { AcquireOptions, HeldModel, Mesh, ModelState, ServedRevision, ServiceRoute } from "./contract.ts";
export {
  type CopyRecord,
  type FailureRecord,
  type InstanceRecord,
  instancePrefix,
  leaderKey,
  type ModelRecord,
  registryPrefix,
  type VModelRecord,
  vmodelPrefix,
} from "./records.ts";
