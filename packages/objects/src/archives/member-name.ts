/** Names of members: bytes from outside become a relative path inside the artifact's tree, or are refused. Nothing is repaired but a leading `./` and a folder's final `/`. */
import type { ArchiveLimits } from "./archive-limits.ts";
import { type ArchiveSubject, nameRefused } from "./archive-refusal.ts";

/** Whose names are read, and what they may be. */
export interface NameContext extends ArchiveSubject {
  readonly limits: ArchiveLimits;
}

/** The text of a name, which must be UTF-8. */
export function decodeName(context: NameContext, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // Not UTF-8: shown byte by byte.
    throw nameRefused(context, Buffer.from(bytes).toString("latin1"), "is not UTF-8");
  }
}

const control = /\p{Cc}/u;

/** The path of a name; empty for the root of the tree itself (`./`). */
export function parseMemberName(context: NameContext, name: string): string {
  const { limits } = context;
  const bytes = Buffer.byteLength(name);
  if (bytes === 0) throw nameRefused(context, name, "is empty");
  if (bytes > limits.maxNameBytes) throw nameRefused(context, name, `has ${bytes} bytes where at most ${limits.maxNameBytes} are taken`);
  if (control.test(name)) throw nameRefused(context, name, "holds a control character");
  if (name.includes("\\")) throw nameRefused(context, name, "holds a backslash");
  if (/^[a-z]:/i.test(name)) throw nameRefused(context, name, "begins with a drive letter");
  if (name.startsWith("/")) throw nameRefused(context, name, "is absolute");
  if (name === "./") return "";
  const path = name.replace(/^\.\//, "").replace(/\/$/, "");
  checkSegments(context, { name, segments: path.split("/") });
  return path;
}

function checkSegments(context: NameContext, of: { readonly name: string; readonly segments: readonly string[] }): void {
  const { limits } = context;
  const { name, segments } = of;
  if (segments.length > limits.maxDepth)
    throw nameRefused(context, name, `is ${segments.length} folders deep where at most ${limits.maxDepth} are taken`);
  for (const segment of segments) {
    if (segment === "..") throw nameRefused(context, name, 'leads out of its folder by ".."');
    if (segment === ".") throw nameRefused(context, name, 'has a part that is "."');
    if (segment === "") throw nameRefused(context, name, "has an empty part");
    if (Buffer.byteLength(segment) > limits.maxSegmentBytes)
      throw nameRefused(context, name, `has a part of more than ${limits.maxSegmentBytes} bytes`);
  }
}
