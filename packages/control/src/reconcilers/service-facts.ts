/** Gathers what is known of a service from the copies control keeps: both reconcilers of a service decide by the same facts. */
import type { ClusterServingRuntime, InferenceService, Secret, ServingRuntime } from "@modelyard/api";
import type { Clock } from "@modelyard/core";
import { type ModelIdentity, modelIdOf } from "@modelyard/mesh";
import { type Informer, keyOf, keyText } from "@modelyard/resources";
import type { Fetches } from "../fetch/fetches.ts";
import type { MeshRecords } from "../mesh-records/mesh-records.ts";
import { type PredictorPlan, planPredictor } from "../predictor/plan-predictor.ts";
import { storageSecretOf } from "../predictor/plan-source.ts";
import { type SelectedRuntime, selectRuntime } from "../predictor/select-runtime.ts";
import type { StatusFacts } from "../status/plan-status.ts";
import type { ModelNames } from "./model-names.ts";

/** The copies. */
export interface ServiceSources {
  readonly services: Informer<InferenceService>;
  readonly runtimes: Informer<ServingRuntime>;
  readonly clusterRuntimes: Informer<ClusterServingRuntime>;
  readonly secrets: Pick<Informer<Secret>, "get">;
  readonly records: MeshRecords;
  readonly fetches: Fetches;
  readonly names: ModelNames;
  readonly dataUrl: () => string | undefined;
  readonly clock: Clock;
}

/** Everything known of a service. */
export function factsOf(sources: ServiceSources, service: InferenceService): StatusFacts {
  const { records, fetches, names, dataUrl, clock } = sources;
  const planned = planPredictor(service, secretOf(sources, service));
  const plan = planned.kind === "planned" ? planned.plan : undefined;
  const selected = plan && runtimeOf(sources, service, plan);
  const key = keyText(keyOf(service));
  const fetch = plan && fetches.state(key, plan.sourceHash);
  const wantedDigest = plan && digestOf(service, plan, fetch);
  const isKnown = plan !== undefined && wantedDigest !== undefined && selected?.kind === "selected";
  const wantedModelId = isKnown ? modelIdOf(identityOf(service, { plan, digest: wantedDigest, runtime: selected.name })) : undefined;
  const registered = records.vmodel(key)?.record;
  const vmodel = registered?.owner === "isvc" ? registered : undefined;
  const nameHolder = names.holderOf(service);
  return {
    service,
    planned,
    selected,
    fetch,
    vmodel,
    foreignOwner: registered && !vmodel ? registered.owner : undefined,
    nameHolder,
    modelName: nameHolder === undefined ? plan?.modelName : undefined,
    activeModel: vmodel && records.model(vmodel.activeModelId)?.record,
    targetModel: vmodel && records.model(vmodel.targetModelId)?.record,
    wantedModelId,
    wantedDigest,
    dataUrl: dataUrl(),
    nowMs: clock.nowMs(),
  };
}

function secretOf({ secrets }: ServiceSources, service: InferenceService): Secret | undefined {
  return secrets.get({ namespace: service.metadata.namespace ?? "default", name: storageSecretOf(service) });
}

/** What the model of a service is identified by. */
export function identityOf(
  service: InferenceService,
  wanted: { readonly plan: PredictorPlan; readonly digest: string; readonly runtime: string },
): ModelIdentity {
  const { name, namespace = "default" } = service.metadata;
  const { plan, digest, runtime } = wanted;
  return { namespace, name, artifactDigest: digest, type: plan.format.name, runtime, parameters: plan.parameters };
}

function runtimeOf(sources: ServiceSources, service: InferenceService, plan: PredictorPlan): SelectedRuntime {
  const { namespace } = service.metadata;
  const namespaced = sources.runtimes.list().filter(({ metadata }) => metadata.namespace === namespace);
  return selectRuntime(plan, { namespaced, cluster: sources.clusterRuntimes.list() });
}

/** Digest of the source's bytes: just fetched, or known from the status for the very same source. */
function digestOf(service: InferenceService, plan: PredictorPlan, fetch: StatusFacts["fetch"]): string | undefined {
  if (fetch) return fetch.kind === "done" ? fetch.digest : undefined;
  const known = service.status?.modelyard;
  return known?.sourceHash === plan.sourceHash ? known.digest : undefined;
}
