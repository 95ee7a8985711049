/** `modelyard key`: API keys, which are Secrets of a type of their own. A key is made here and shown here; the server keeps its hash. */
import { apiKeySecretType, type Secret, secretEntries, secretKind } from "@modelyard/api";
import { assertNever, failure, newApiKey, PlatformError, parsePresentedKey } from "@modelyard/core";
import type { ResourceClient } from "@modelyard/resources";
import type { CommandContext } from "../commands/command-context.ts";
import type { KeyAction, KeyOptions } from "../commands/key-command.ts";
import { parseDuration } from "../config/units.ts";
import { formatAge } from "../output/age.ts";
import { formatTable } from "../output/table.ts";
import { listAll } from "../server/list-all.ts";
import { openSession, type Session } from "./session.ts";

/** What is asked. */
export interface KeyRequest {
  readonly action: KeyAction;
  readonly name: string | undefined;
}

/** Runs the command. */
export async function key({ action, name }: KeyRequest, options: KeyOptions, context: CommandContext): Promise<void> {
  switch (action) {
    case "create":
      return createKey(givenName(name), options, context);
    case "list":
      return listKeys(options, context);
    case "delete":
      return deleteKey(givenName(name), options, openSession(options, context));
    default:
      return assertNever(action);
  }
}

function givenName(name: string | undefined): string {
  if (name !== undefined) return name;
  throw failure("OPTION_INVALID", { origin: "NAME", current: "missing", wanted: "the name of a key" });
}

/** The key alone is on stdout, so that a script can take it. */
async function createKey(name: string, options: KeyOptions, context: CommandContext): Promise<void> {
  const { namespace, role } = options;
  const expires = options.expires === undefined ? undefined : endOf(options.expires, context.clock.nowMs());
  const { client, output } = openSession(options, context);
  const text = newApiKey();
  const stringData = { key: text, role, ...(expires === undefined ? {} : { expires }) };
  const metadata = { name, namespace };
  await client.create(secretKind, { apiVersion: "v1", kind: "Secret", metadata, type: apiKeySecretType, stringData });
  const facts = { name, namespace, id: parsePresentedKey(text)?.id, role, ...(expires === undefined ? {} : { expires }) };
  output.answer({ ...facts, key: text }, () => text);
  if (output.form === "table") output.note(`This is the key "${name}" of the namespace ${namespace}. It is not shown again.`);
}

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i;

/** When a key ends: after a duration, or at a time. */
function endOf(text: string, nowMs: number): string {
  // A number alone could be seconds or a year.
  const durationMs = /^[\d.]+$/.test(text) ? undefined : parseDuration(text);
  const endMs = durationMs === undefined ? Date.parse(rfc3339.test(text) ? text : "") : nowMs + durationMs;
  const end = new Date(endMs);
  if (endMs > nowMs && !Number.isNaN(end.getTime())) return end.toISOString();
  const wanted = "a duration such as 90d or 12h, or a time to come such as 2030-01-31T00:00:00Z";
  throw failure("OPTION_INVALID", { origin: "--expires", current: `"${text}"`, wanted });
}

/** A key as it is listed. */
interface ListedKey {
  readonly name: string;
  readonly namespace: string;
  readonly id: string;
  readonly role: string;
  readonly expires?: string;
  readonly isExpired: boolean;
  readonly createdAt: string | undefined;
}

async function listKeys(options: KeyOptions, context: CommandContext): Promise<void> {
  const { allNamespaces = false, namespace } = options;
  const nowMs = context.clock.nowMs();
  const { client, output } = openSession(options, context);
  const selection = { signal: context.signal, ...(allNamespaces ? {} : { namespace }) };
  const secrets = await listAll(client, secretKind, selection);
  const keys = secrets.filter(({ type }) => type === apiKeySecretType).map((secret) => listedKey(secret, nowMs));
  const where = allNamespaces ? "" : ` in the namespace ${namespace}`;
  output.answer({ items: keys }, () => (keys.length === 0 ? `There are no API keys${where}.` : keyTable(keys, { allNamespaces, nowMs })));
}

function listedKey(secret: Secret, nowMs: number): ListedKey {
  const { name, namespace = "default", creationTimestamp: createdAt } = secret.metadata;
  const entries = secretEntries(secret);
  const expires = entries.get("expires")?.toString();
  return {
    name,
    namespace,
    id: entries.get("id")?.toString() ?? "",
    role: entries.get("role")?.toString() ?? "infer",
    ...(expires === undefined ? {} : { expires }),
    isExpired: expires !== undefined && Date.parse(expires) <= nowMs,
    createdAt,
  };
}

function keyTable(
  keys: readonly ListedKey[],
  { allNamespaces, nowMs }: { readonly allNamespaces: boolean; readonly nowMs: number },
): string {
  const header = [...(allNamespaces ? ["NAMESPACE"] : []), "NAME", "ID", "ROLE", "EXPIRES", "AGE"];
  const rows = keys.map(({ name, namespace, id, role, expires = "never", isExpired, createdAt }) => [
    ...(allNamespaces ? [namespace] : []),
    name,
    id,
    role,
    isExpired ? `${expires} (expired)` : expires,
    formatAge(createdAt, nowMs),
  ]);
  return formatTable(header, rows);
}

async function deleteKey(name: string, { namespace }: KeyOptions, { client, output }: Session): Promise<void> {
  const place = { name, namespace };
  const secret = await readSecret(client, place);
  if (secret?.type !== apiKeySecretType) throw failure("API_KEY_NOT_FOUND", place);
  await client.delete(secretKind, place);
  output.answer({ ...place, deleted: true }, () => `The key "${name}" opens nothing any more`);
}

async function readSecret(
  client: ResourceClient,
  place: { readonly name: string; readonly namespace: string },
): Promise<Secret | undefined> {
  try {
    return await client.get(secretKind, place);
  } catch (error) {
    if (PlatformError.is(error) && error.reason === "RESOURCE_NOT_FOUND") return undefined;
    throw error;
  }
}
