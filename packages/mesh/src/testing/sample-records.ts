/** Records for tests: whole ones, of which a test names what it is about. */
import type { ModelRecord, VModelRecord } from "../records.ts";

/** A model that one vmodel refers to and that is loaded nowhere, but for the changes. */
export function sampleModelRecord(changes: Partial<ModelRecord> = {}): ModelRecord {
  return {
    type: "onnx",
    artifactDigest: "d",
    runtime: "r",
    parameters: {},
    revision: 1,
    references: 1,
    autoDelete: true,
    copies: {},
    failures: {},
    crashes: [],
    lastUsedMs: 0,
    ...changes,
  };
}

/** A vmodel of a service with one model, which is active, but for the changes. */
export function sampleVModelRecord(activeModelId: string, changes: Partial<VModelRecord> = {}): VModelRecord {
  return {
    owner: "isvc",
    activeModelId,
    activeRevision: 1,
    targetModelId: activeModelId,
    targetRevision: 1,
    failed: false,
    ...changes,
  };
}
