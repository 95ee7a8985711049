/**
 * `Secret` (core/v1), and the API keys of the data plane, which are Secrets of the type `modelyard.dev/api-key`.
 *
 * Of an API key only the SHA-256 is kept: a key that comes in (`stringData.key`, or `data.key`) leaves as `data.id` and `data.sha256`.
 */
import { apiKeyDigest, apiKeyRoles, isApiKeyId, isApiKeyRole, parsePresentedKey } from "@modelyard/core";
import { z } from "zod";
import { type DeepReadonly, defineKind, type KindDefinition } from "../kind-definition.ts";
import { metadataSchema } from "../metadata.ts";

/** Type of a Secret that is an API key. */
export const apiKeySecretType = "modelyard.dev/api-key";

const maxSecretBytes = 1024 * 1024;
const base64Form = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const entryName = z
  .string()
  .regex(/^[-._a-zA-Z0-9]{1,253}$/, 'must consist of alphanumeric characters, "-", "_" or ".", and have at most 253');

const schema = z
  .looseObject({
    apiVersion: z.literal("v1"),
    kind: z.literal("Secret"),
    metadata: metadataSchema("subdomain"),
    type: z.string().exactOptional(),
    data: z.record(entryName, z.string().regex(base64Form, "must be base64")).exactOptional(),
    stringData: z.record(entryName, z.string()).exactOptional(),
    immutable: z.boolean().exactOptional(),
  })
  .superRefine((secret, context) => {
    const entries = entriesOf(secret);
    const sizeBytes = [...entries.values()].reduce((sum, one) => sum + one.length, 0);
    if (sizeBytes > maxSecretBytes) {
      context.addIssue({ code: "custom", path: ["data"], message: `must have at most ${maxSecretBytes} bytes, has ${sizeBytes}` });
    }
    if (secret.type !== apiKeySecretType) return;
    for (const { path, message } of apiKeyProblems(entries)) context.addIssue({ code: "custom", path: ["data", path], message });
  });

/** A Secret; `stringData` is written only: an object that was read has all of it in `data`. */
export type Secret = DeepReadonly<z.infer<typeof schema>>;

const definition = defineKind(
  {
    group: "",
    version: "v1",
    kind: "Secret",
    plural: "secrets",
    singular: "secret",
    shortNames: [],
    namespaced: true,
    hasStatus: false,
    columns: [
      { name: "Type", type: "string", path: "type", priority: 0 },
      { name: "Age", type: "date", path: "metadata.creationTimestamp", priority: 0 },
    ],
  },
  schema,
);

/** The kind. */
export const secretKind: KindDefinition<Secret> = { ...definition, parse: (value) => settled(definition.parse(value)) };

/** Bytes of a Secret by name. */
export function secretEntries(secret: Secret): ReadonlyMap<string, Buffer> {
  return entriesOf(secret);
}

function settled(secret: Secret): Secret {
  const { stringData: _written, ...rest } = secret;
  const entries = entriesOf(secret);
  const kept = secret.type === apiKeySecretType ? withoutKey(entries) : entries;
  const data = Object.fromEntries([...kept].map(([name, bytes]) => [name, bytes.toString("base64")]));
  return { ...rest, type: secret.type ?? "Opaque", ...(kept.size > 0 && { data }) };
}

/** Kubernetes lets `stringData` win over `data`. */
function entriesOf({ data = {}, stringData = {} }: Pick<Secret, "data" | "stringData">): Map<string, Buffer> {
  const decoded = Object.entries(data).map(([name, text]) => [name, Buffer.from(text, "base64")] as const);
  return new Map([...decoded, ...Object.entries(stringData).map(([name, text]) => [name, Buffer.from(text)] as const)]);
}

function withoutKey(entries: ReadonlyMap<string, Buffer>): ReadonlyMap<string, Buffer> {
  const { key, ...rest } = Object.fromEntries(entries);
  const presented = key && parsePresentedKey(key.toString());
  if (!presented) return entries;
  return new Map(Object.entries({ ...rest, id: Buffer.from(presented.id), sha256: apiKeyDigest(presented.text) }));
}

interface EntryProblem {
  readonly path: string;
  readonly message: string;
}

function apiKeyProblems(entries: ReadonlyMap<string, Buffer>): readonly EntryProblem[] {
  const problems: EntryProblem[] = [];
  const key = entries.get("key");
  const isKept = isApiKeyId(entries.get("id")?.toString() ?? "") && entries.get("sha256")?.length === 32;
  if (key ? !parsePresentedKey(key.toString()) : !isKept) {
    problems.push({
      path: "key",
      message: "must be myk_ID_SECRET: an id of 8 to 32 lower-case letters and digits, a secret of 43 base64url characters",
    });
  }
  const role = entries.get("role")?.toString() ?? "infer";
  if (!isApiKeyRole(role)) problems.push({ path: "role", message: `must be ${apiKeyRoles.join(" or ")}` });
  const expires = entries.get("expires")?.toString();
  if (expires !== undefined && Number.isNaN(Date.parse(expires)))
    problems.push({ path: "expires", message: "must be a time as RFC 3339 writes it" });
  return problems;
}
