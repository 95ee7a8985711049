/** What a user writes as a source, and what it means. */
import { fileURLToPath } from "node:url";
import { assertNever, failure } from "@modelyard/core";
import type { ArtifactSource } from "./contract.ts";
import { parseRemoteAddress } from "./sources/parse-address.ts";

/**
 * Reads a source: an absolute path, or an address: `file://`, `http(s)://`, `s3://BUCKET/KEY`, `gs://BUCKET/KEY`, `az://ACCOUNT/CONTAINER/KEY`,
 * `hf://ORG/MODEL[@REVISION][/PATH]`, `pvc://CLAIM/PATH`, `upload://ID`.
 *
 * @throws `SOURCE_UNSUPPORTED` for a relative path (the caller knows its own folder, this function does not), another scheme, credentials
 * in the address, or an address that is none.
 */
export function parseArtifactSource(text: string): ArtifactSource {
  if (text.startsWith("/")) return { kind: "file", path: text };
  const uploadId = /^upload:\/\/([0-9a-f]{24})$/.exec(text)?.[1];
  if (uploadId !== undefined) return { kind: "upload", id: uploadId };
  const remote = parseRemoteAddress(text);
  if (remote) return remote;
  const url = URL.parse(text);
  if (!url) throw failure("SOURCE_UNSUPPORTED", { source: text, why: "it is neither an absolute path nor an address" });
  if (url.protocol === "file:") return { kind: "file", path: pathOf(url, text) };
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw failure("SOURCE_UNSUPPORTED", {
      source: text,
      why: `the scheme "${url.protocol.slice(0, -1)}" is not among file, http, https, s3, gs, az, hf, pvc and upload`,
    });
  }
  if (url.username || url.password)
    throw failure("SOURCE_UNSUPPORTED", { source: redacted(url), why: "an address must not carry credentials" });
  return { kind: "http", url: url.href };
}

/** The source as messages show it: queries, fragments and credentials, which may hold secrets, are left out. */
export function describeSource(source: ArtifactSource): string {
  switch (source.kind) {
    case "file":
      return source.path;
    case "http":
      return redacted(new URL(source.url));
    case "s3":
      return `s3://${source.bucket}/${source.path}`;
    case "gcs":
      return `gs://${source.bucket}/${source.path}`;
    case "azure":
      return `az://${source.account}/${source.container}/${source.path}`;
    case "hf":
      return `hf://${source.repository}${source.revision === undefined ? "" : `@${source.revision}`}${source.path === "" ? "" : `/${source.path}`}`;
    case "pvc":
      return `pvc://${source.claim}/${source.path}`;
    case "upload":
      return `upload://${source.id}`;
    default:
      return assertNever(source);
  }
}

/** Fields that say where bytes are; every other field says how they may be had. */
const placeFields: ReadonlySet<string> = new Set([
  "kind",
  "path",
  "url",
  "bucket",
  "endpoint",
  "region",
  "account",
  "container",
  "repository",
  "revision",
  "allow",
  "ignore",
  "claim",
  "id",
]);

/** Where the bytes of a source are, without what is secret and without what changes when a secret does. */
export function identityOfSource(source: ArtifactSource): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(source).filter(([name]) => placeFields.has(name)));
}

function redacted(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

function pathOf(url: URL, text: string): string {
  try {
    return fileURLToPath(url);
  } catch (cause) {
    throw failure("SOURCE_UNSUPPORTED", { source: text, why: "a file address names no other machine and an absolute path" }, { cause });
  }
}

/** What a model from this source is called when nobody says: the last name of its path, else of what holds it. May be empty. */
export function nameOfSource(source: ArtifactSource): string {
  const last = (path: string): string => path.replace(/\/+$/, "").split("/").at(-1) ?? "";
  switch (source.kind) {
    case "file":
      return last(source.path);
    case "http":
      return decodeSafely(last(new URL(source.url).pathname));
    case "s3":
    case "gcs":
      return last(source.path) || source.bucket;
    case "azure":
      return last(source.path) || source.container;
    case "hf":
      return last(source.path) || last(source.repository);
    case "pvc":
      return last(source.path) || source.claim;
    case "upload":
      return source.id;
    default:
      return assertNever(source);
  }
}

function decodeSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Not percent-encoded UTF-8: taken as it stands.
    return text;
  }
}
