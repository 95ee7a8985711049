/** InferenceServices by the names people use. */
import { type InferenceService, inferenceServiceKind, isModelName, objectNameFor } from "@modelyard/api";
import { failure } from "@modelyard/core";
import type { ResourceClient } from "@modelyard/resources";

/** A service by its model name or object name. */
export interface ServiceName {
  readonly name: string;
  readonly namespace: string;
}

/** Key of the service's object. Throws `INVALID_ARGUMENT` for what can be no model's name. */
export function serviceKey({ name, namespace }: ServiceName): { readonly namespace: string; readonly name: string } {
  if (!isModelName(name)) throw failure("INVALID_ARGUMENT", { what: `"${name}" is no model name: 1 to 255 visible characters are wanted` });
  return { namespace, name: objectNameFor(name) };
}

/** Reads a service; rejects with `RESOURCE_NOT_FOUND`. */
export function getService(client: ResourceClient, service: ServiceName, signal: AbortSignal): Promise<InferenceService> {
  return client.get(inferenceServiceKind, serviceKey(service), { signal });
}

/** Address of its model at the data plane; throws `UNAVAILABLE` while there is none. */
export function modelUrlOf(service: InferenceService): string {
  const url = service.status?.modelyard?.url;
  if (url !== undefined) return url;
  throw failure("UNAVAILABLE", { what: `The address of "${service.metadata.name}"`, why: "the server has not published it yet" });
}
