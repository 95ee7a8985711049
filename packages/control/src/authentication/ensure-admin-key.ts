/** The key of the administrator that a server is given at its start: without it nobody could make the first one. */
import { apiKeySecretType, type Secret, secretEntries, secretKind } from "@modelyard/api";
import { apiKeyDigest, PlatformError, systemNamespace } from "@modelyard/core";
import type { ResourceClient } from "@modelyard/resources";
import { ensureNamespace } from "../api-server/namespaces.ts";

/** Name of its Secret in `modelyard-system`. */
export const adminSecretName = "modelyard-admin";

/** Makes the Secret what the key asks for; one that was deleted or changed is mended. */
export async function ensureAdminKey(client: ResourceClient, key: string): Promise<void> {
  await ensureNamespace(client, systemNamespace);
  const present = await readSecret(client);
  if (present && isOf(present, key)) return;
  const metadata = { ...present?.metadata, name: adminSecretName, namespace: systemNamespace };
  const secret: Secret = { apiVersion: "v1", kind: "Secret", metadata, type: apiKeySecretType, stringData: { key, role: "admin" } };
  await (present ? client.update(secretKind, secret) : client.create(secretKind, secret));
}

async function readSecret(client: ResourceClient): Promise<Secret | undefined> {
  try {
    return await client.get(secretKind, { name: adminSecretName, namespace: systemNamespace });
  } catch (error) {
    if (PlatformError.is(error) && error.reason === "RESOURCE_NOT_FOUND") return undefined;
    throw error;
  }
}

/** Whether a Secret holds this key, as that of an administrator, without end. */
function isOf(secret: Secret, key: string): boolean {
  const entries = secretEntries(secret);
  const isAdmin = entries.get("role")?.toString() === "admin" && !entries.has("expires");
  return secret.type === apiKeySecretType && isAdmin && entries.get("sha256")?.equals(apiKeyDigest(key)) === true;
}
