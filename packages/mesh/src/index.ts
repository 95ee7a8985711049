/** Registry, cache, placement and vmodels of the serving processes. */
export type { AcquireOptions, HeldModel, Mesh, ModelState, ServedRevision, ServiceRoute } from "./contract.ts";
export type { Decision } from "./decisions.ts";
export {
  instanceKey,
  type ModelIdentity,
  modelIdOf,
  modelKey,
  parseVModelId,
  vmodelIdOf,
  vmodelIdOfModel,
  vmodelKey,
} from "./identity.ts";
export { isQuarantined, modelStateOf, newestFailure, quarantineFailure } from "./model-state.ts";
export { decodeInstanceRecord, decodeModelRecord, decodeVModelRecord, encodeRecord } from "./record-codec.ts";
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
export type { MeshStatistics, RunningMesh } from "./running-mesh.ts";
export { startMesh } from "./start-mesh.ts";
export type { MeshLimits, MeshOptions } from "./start-options.ts";
export { deleteVModel, getVModelStatus, setVModel, type VModelCallOptions } from "./vmodels/apply.ts";
export type { ModelSpec, SetVModelRequest, Stored, VModelPlan, VModelSnapshot } from "./vmodels/plan.ts";
export { planDeleteVModel, planSetVModel } from "./vmodels/plan.ts";
export { type VModelSide, type VModelStatus, vmodelStatus } from "./vmodels/status.ts";
