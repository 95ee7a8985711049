/** What a user writes as a source, and what it means. */
import { fileURLToPath } from "node:url";
import { failure } from "@modelyard/core";
import type { ArtifactSource } from "./contract.ts";

/**
 * Reads a source: an absolute path, `file://` or `http(s)://`.
 *
 * @throws `SOURCE_UNSUPPORTED` for a relative path (the caller knows its own folder, this function does not), another scheme, credentials
 * in the address, or an address that is none.
 */
export function parseArtifactSource(text: string): ArtifactSource {
  if (text.startsWith("/")) return { kind: "file", path: text };
  const url = URL.parse(text);
  if (!url) throw failure("SOURCE_UNSUPPORTED", { source: text, why: "it is neither an absolute path nor an address" });
  if (url.protocol === "file:") return { kind: "file", path: pathOf(url, text) };
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw failure("SOURCE_UNSUPPORTED", {
      source: text,
      why: `the scheme "${url.protocol.slice(0, -1)}" is not among path, file, http and https`,
    });
  }
  if (url.username || url.password)
    throw failure("SOURCE_UNSUPPORTED", { source: redacted(url), why: "an address must not carry credentials" });
  return { kind: "http", url: url.href };
}

/** The source as messages show it: query and fragment, which may hold secrets, are left out. */
export function describeSource(source: ArtifactSource): string {
  return source.kind === "file" ? source.path : redacted(new URL(source.url));
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
