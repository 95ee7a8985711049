/** Which runtime serves a model: ModelMesh's rules. Pure. */
import type { ClusterServingRuntime, ServingRuntime, ServingRuntimeSpec } from "@modelyard/api";
import { failure, type PlatformError } from "@modelyard/core";
import type { PredictorPlan } from "./plan-predictor.ts";

/** Runtimes that are there. */
export interface Runtimes {
  /** Of the service's namespace. */
  readonly namespaced: readonly ServingRuntime[];
  readonly cluster: readonly ClusterServingRuntime[];
}

/** The chosen runtime, or why there is none. */
export type SelectedRuntime =
  | { readonly kind: "selected"; readonly name: string; readonly isCluster: boolean }
  | { readonly kind: "refused"; readonly error: PlatformError };

interface Candidate {
  readonly name: string;
  readonly isCluster: boolean;
  readonly spec: ServingRuntimeSpec;
}

/**
 * The pinned runtime, or the first by namespace, then name, that selects the format by itself and speaks the protocol. Versions match exactly: "1.15" is not
 * "1". A runtime of the namespace hides the cluster's of the same name; single-model and disabled runtimes are not chosen.
 */
export function selectRuntime(plan: Pick<PredictorPlan, "format" | "runtime" | "protocol">, runtimes: Runtimes): SelectedRuntime {
  if (plan.runtime !== undefined) {
    const pinned = firstCandidate(runtimes, ({ name }) => name === plan.runtime);
    if (!pinned) return { kind: "refused", error: failure("RUNTIME_NOT_RECOGNIZED", {}) };
    return isUsable(pinned.spec) ? selected(pinned) : noSupport();
  }
  const chosen = firstCandidate(runtimes, ({ spec }) => isUsable(spec) && selectsFormat(spec, plan.format) && speaks(spec, plan.protocol));
  return chosen ? selected(chosen) : noSupport();
}

/** The first that fits. One pass, nothing sorted: it runs for every service whenever runtimes change, and there may be thousands. */
function firstCandidate({ namespaced, cluster }: Runtimes, fits: (candidate: Candidate) => boolean): Candidate | undefined {
  const own = firstByName(namespaced, false, fits);
  if (own) return own;
  const visible = cluster.filter(({ metadata }) => !namespaced.some((one) => one.metadata.name === metadata.name));
  return firstByName(visible, true, fits);
}

function firstByName(
  runtimes: readonly (ServingRuntime | ClusterServingRuntime)[],
  isCluster: boolean,
  fits: (candidate: Candidate) => boolean,
): Candidate | undefined {
  let first: Candidate | undefined;
  for (const { metadata, spec } of runtimes) {
    const candidate = { name: metadata.name, isCluster, spec };
    if (fits(candidate) && (!first || candidate.name < first.name)) first = candidate;
  }
  return first;
}

function isUsable(spec: ServingRuntimeSpec): boolean {
  return spec.multiModel === true && spec.disabled !== true;
}

function selectsFormat(spec: ServingRuntimeSpec, wanted: PredictorPlan["format"]): boolean {
  return (spec.supportedModelFormats ?? []).some(
    ({ name, version, autoSelect }) =>
      autoSelect === true && name === wanted.name && (wanted.version === undefined || version === wanted.version),
  );
}

/** The gateway translates between REST and gRPC, so a runtime that speaks grpc-v2 is reached over v2 as well. */
function speaks(spec: ServingRuntimeSpec, protocol: string | undefined): boolean {
  const versions = spec.protocolVersions ?? [];
  return (
    protocol === undefined || versions.length === 0 || versions.includes(protocol) || (protocol === "v2" && versions.includes("grpc-v2"))
  );
}

function selected({ name, isCluster }: Candidate): SelectedRuntime {
  return { kind: "selected", name, isCluster };
}

function noSupport(): SelectedRuntime {
  return { kind: "refused", error: failure("NO_SUPPORTING_RUNTIME", {}) };
}
