/** Objects as servers send them. */
import { apiVersionOf } from "@modelyard/api";
import { failure } from "@modelyard/core";
import type { KubernetesObject, ResourceKind } from "../contract.ts";

/**
 * Types what a server sent. The server has validated it, and may know fields or values of a later version, so only what every object has is
 * checked. Items of a list come without `apiVersion` and `kind` from real servers; they are put back.
 */
export function receivedObject<T extends KubernetesObject>(kind: ResourceKind<T>, value: unknown, url: string): T {
  const metadata = isRecord(value) ? value["metadata"] : undefined;
  if (!isRecord(value) || !isRecord(metadata) || !isRecordOfVersion(metadata)) {
    throw failure("API_REFUSED", { url, status: 200, why: `the answer is no ${kind.kind}: it has no metadata.resourceVersion` });
  }
  // What the server accepted as an object of this kind.
  return { ...value, apiVersion: apiVersionOf(kind), kind: kind.kind } as unknown as T;
}

function isRecordOfVersion(metadata: Readonly<Record<string, unknown>>): boolean {
  return typeof metadata["resourceVersion"] === "string";
}

/** Whether a value is an object with members. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
