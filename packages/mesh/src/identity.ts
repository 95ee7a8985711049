/**
 * Names of things in the mesh. A vmodel (a service) is `<namespace>/<object name>`; a model (one immutable revision of it) adds `__isvc-` and
 * a hash of what makes it that model, so the same content under the same service is the same model whatever its revision number.
 */
import { nodeCrypto } from "@modelyard/core";
import { instancePrefix, registryPrefix, vmodelPrefix } from "./records.ts";

/** What the hash of a model id covers. */
export interface ModelIdentity {
  readonly namespace: string;
  /** Object name of the service. */
  readonly name: string;
  readonly artifactDigest: string;
  /** Model format, for example `onnx`. */
  readonly type: string;
  readonly runtime: string;
  readonly parameters: Readonly<Record<string, string>>;
}

const separator = "__";
const hashLength = 10;

/** Id of a service. */
export function vmodelIdOf(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

/** Namespace and object name of a service's id; undefined when it is no such id. */
export function parseVModelId(vmodelId: string): { readonly namespace: string; readonly name: string } | undefined {
  const slash = vmodelId.indexOf("/");
  if (slash <= 0 || slash === vmodelId.length - 1) return undefined;
  return { namespace: vmodelId.slice(0, slash), name: vmodelId.slice(slash + 1) };
}

/** Id of the immutable model that a service's revision is. The order of parameters does not matter. */
export function modelIdOf(identity: ModelIdentity): string {
  const parameters = Object.entries(identity.parameters).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const content = JSON.stringify([identity.artifactDigest, identity.type, identity.runtime, parameters]);
  const hash = nodeCrypto().createHash("sha1").update(content).digest("hex").slice(0, hashLength);
  return `${vmodelIdOf(identity.namespace, identity.name)}${separator}isvc-${hash}`;
}

/** Id of the service a model was made for; undefined for models registered under an id of their own. */
export function vmodelIdOfModel(modelId: string): string | undefined {
  const at = modelId.lastIndexOf(separator);
  return at > 0 ? modelId.slice(0, at) : undefined;
}

/** Store key of a model. */
export function modelKey(modelId: string): string {
  return registryPrefix + modelId;
}

/** Store key of a vmodel. */
export function vmodelKey(vmodelId: string): string {
  return vmodelPrefix + vmodelId;
}

/** Store key of an instance. */
export function instanceKey(instanceId: string): string {
  return instancePrefix + instanceId;
}
