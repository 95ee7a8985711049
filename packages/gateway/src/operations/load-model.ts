/**
 * Loads and unloads a model by the model repository extension. The model is its service: what is loaded is the active revision, and an
 * unload stands until the next load, also across restarts. Overrides of the configuration or of files have no place here: a deployed
 * revision is immutable.
 */
import type { InferenceParameters } from "@modelyard/codec";
import { failure } from "@modelyard/core";
import type { Mesh, ServiceRoute } from "@modelyard/mesh";
import type { InferenceRunner } from "../inference/inference-runner.ts";
import type { Waiter } from "../inference/request-life.ts";
import { findRoute, type ServiceReference } from "../routing/model-reference.ts";
import { shownValue } from "./shown-value.ts";

/** What {@link loadModel} and {@link unloadModel} are given. */
export interface LoadModelDeps {
  readonly mesh: Mesh;
  readonly runner: InferenceRunner;
}

/** A call of the extension. */
export interface RepositoryCall {
  readonly reference: ServiceReference;
  /** As they came; undefined: none. */
  readonly parameters: InferenceParameters | undefined;
  readonly waiter: Waiter;
}

/**
 * Loads the active revision and takes an unload back; resolves when it is in memory. Rejects with `MODEL_NOT_FOUND`, with `UNIMPLEMENTED`
 * for the parameters `config` and `file:…`, and with the load's failure.
 */
export async function loadModel({ mesh, runner }: LoadModelDeps, call: RepositoryCall): Promise<ServiceRoute> {
  const route = findRoute(mesh, call.reference);
  refuseOverrides(call.parameters);
  await runner.wait(call.waiter, (options) => mesh.load(route, options));
  return route;
}

/** Unloads a service: its requests are refused with `MODEL_UNLOADED` until it is loaded again. Rejects with `MODEL_NOT_FOUND`. */
export async function unloadModel({ mesh, runner }: LoadModelDeps, call: RepositoryCall): Promise<ServiceRoute> {
  const route = findRoute(mesh, call.reference);
  checkUnloadDependents(call.parameters);
  await runner.wait(call.waiter, (options) => mesh.unload(route, options));
  return route;
}

function refuseOverrides(parameters: InferenceParameters | undefined): void {
  for (const key of Object.keys(parameters ?? {})) {
    if (key !== "config" && !key.startsWith("file:")) continue;
    const why = "a deployed revision is immutable, deploy another one instead";
    throw failure("UNIMPLEMENTED", { what: `The parameter ${shownValue(key)} of a load, which overrides parts of the model: ${why}. It` });
  }
}

/** Models here have no dependents, so either value does the same. */
function checkUnloadDependents(parameters: InferenceParameters | undefined): void {
  const value = parameters?.["unload_dependents"];
  if (value === undefined || typeof value === "boolean") return;
  throw failure("INVALID_ARGUMENT", { what: `The parameter "unload_dependents" must be true or false, got ${shownValue(value)}` });
}
