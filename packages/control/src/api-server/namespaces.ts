/**
 * Namespaces come by themselves: the first object in one creates it (as the admission plug-in NamespaceAutoProvision does), because a laptop has nobody
 * to provision them. `default` is always there. Deleting one deletes what is in it.
 */
import { namespaceKind } from "@modelyard/api";
import { failure, PlatformError } from "@modelyard/core";
import type { ResourceClient } from "@modelyard/resources";

/** The namespace that cannot be deleted. */
export const defaultNamespace = "default";

/** Creates a namespace unless it is there. */
export async function ensureNamespace(client: ResourceClient, name: string): Promise<void> {
  try {
    await client.get(namespaceKind, { name });
    return;
  } catch (error) {
    if (!isReason(error, "RESOURCE_NOT_FOUND")) throw error;
  }
  try {
    await client.create(namespaceKind, { apiVersion: "v1", kind: "Namespace", metadata: { name }, status: { phase: "Active" } });
  } catch (error) {
    // Somebody else was faster.
    if (!isReason(error, "RESOURCE_EXISTS")) throw error;
  }
}

/** Refuses the deletion of the namespace everything falls back to. */
export function checkNamespaceDeletion(name: string): void {
  if (name === defaultNamespace)
    throw failure("RESOURCE_FORBIDDEN", { resource: "namespaces", name, why: "this namespace may not be deleted" });
}

function isReason(error: unknown, reason: string): boolean {
  return PlatformError.is(error) && error.reason === reason;
}
