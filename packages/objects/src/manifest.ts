/** The manifest of an artifact: its files in the order of their paths, as canonical JSON, whose sha256 is the artifact's digest. */
import { failure, sha256 } from "@modelyard/core";
import type { Artifact, ArtifactFile } from "./contract.ts";
import { isDigest } from "./internal/layout.ts";

/** Most files in one artifact. */
export const maxFiles = 100_000;

/** `sha256:<hex>` of bytes. */
function digestOf(bytes: Uint8Array): string {
  return `sha256:${sha256(bytes)}`;
}

/** The artifact of some files, and the manifest bytes to store. Same files, same digest, in whatever order they come. */
export function buildManifest(files: readonly ArtifactFile[]): { readonly artifact: Artifact; readonly bytes: Uint8Array } {
  const sorted = files.toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  const canonical = sorted.map(({ path, digest, sizeBytes }) => ({ path, digest, sizeBytes }));
  const bytes = Buffer.from(`${JSON.stringify({ files: canonical })}\n`);
  return { artifact: artifactOf(digestOf(bytes), canonical), bytes };
}

/** Reads a manifest that is expected to have a digest; `ARTIFACT_DAMAGED` when it has another or is no manifest. */
export function parseManifest(digest: string, bytes: Uint8Array): Artifact {
  if (digestOf(bytes) !== digest) throw failure("ARTIFACT_DAMAGED", { digest, problem: "its manifest has another digest" });
  const value: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
  if (!isManifest(value)) throw failure("ARTIFACT_DAMAGED", { digest, problem: "its manifest has another form" });
  return artifactOf(digest, value.files);
}

function artifactOf(digest: string, files: readonly ArtifactFile[]): Artifact {
  return { digest, files, totalBytes: files.reduce((sum, file) => sum + file.sizeBytes, 0) };
}

function isManifest(value: unknown): value is { readonly files: readonly ArtifactFile[] } {
  if (typeof value !== "object" || value === null || !("files" in value) || !Array.isArray(value.files)) return false;
  return value.files.every(isFile);
}

function isFile(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { path, digest, sizeBytes } = value as Record<string, unknown>;
  return typeof path === "string" && typeof digest === "string" && isDigest(digest) && Number.isSafeInteger(sizeBytes);
}
