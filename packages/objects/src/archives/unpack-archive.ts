/**
 * Unpacks an archive into the store: members become files of an artifact, streamed, hashed while they are unpacked, and kept only when every one of them was
 * accepted. Nothing is ever written under a member's name, so that no name can lead anywhere.
 *
 * The archive's content is the artifact's tree as it is, a single top folder included, as KServe's storage initialiser extracts it. Modes, owners and times
 * mean nothing. Links to files of the same archive become copies of them; all others are refused. Archives inside are files.
 */
import { posix } from "node:path";
import type { ArtifactFile } from "../contract.ts";
import type { StoredBlob } from "../internal/place-blob.ts";
import type { ArchiveContext, ArchiveMember } from "./archive-context.ts";
import { ArchiveFile } from "./archive-file.ts";
import type { ArchiveLimits } from "./archive-limits.ts";
import { memberRefused, nameRefused, quoted } from "./archive-refusal.ts";
import { type ArchiveFormat, demandArchive, unpacksByItself } from "./detect-archive.ts";
import { gunzip } from "./gunzip.ts";
import { parseMemberName } from "./member-name.ts";
import { MemberTree } from "./member-tree.ts";
import { StagedFiles, type StagingDeps } from "./staged-files.ts";
import { readTar } from "./tar-reader.ts";
import { UnpackMeter } from "./unpack-meter.ts";
import { unzstd } from "./unzstd.ts";
import { readZip } from "./zip-reader.ts";

/** What unpacking is given. */
export interface Unpacking extends StagingDeps {
  /** Where the archive's bytes are; they do not change meanwhile. */
  readonly path: string;
  /** The archive's own name. */
  readonly name: string;
  /** The source, as messages show it. */
  readonly source: string;
  /** `auto` leaves a file that is no archive, or a model by itself, as it is; `always` refuses it. */
  readonly unpack: "auto" | "always";
  readonly limits: ArchiveLimits;
  readonly signal: AbortSignal | undefined;
}

/** The files of an archive, in the store; undefined when the file is to be taken as it is. */
export async function unpackArchive(unpacking: Unpacking): Promise<readonly ArtifactFile[] | undefined> {
  const file = await ArchiveFile.open(unpacking.path);
  try {
    const { source, limits, signal } = unpacking;
    // Each look at the bytes counts anew.
    const context = (): ArchiveContext => {
      const meter = new UnpackMeter({ source, limits, archiveBytes: file.sizeBytes });
      return { source, limits, signal, file, meter };
    };
    const format = unpacking.unpack === "always" ? await demandArchive(context()) : await unpacksByItself(context(), unpacking.name);
    return format && (await unpackAll(context(), { format, deps: unpacking }));
  } finally {
    await file.close();
  }
}

async function unpackAll(
  context: ArchiveContext,
  how: { readonly format: ArchiveFormat; readonly deps: StagingDeps },
): Promise<readonly ArtifactFile[]> {
  const staged = new StagedFiles(how.deps);
  try {
    const files = await takeMembers(context, { members: membersOf(context, how.format), staged });
    if (files.length === 0) throw memberRefused(context, "", "is missing: the archive holds no file");
    await staged.publish();
    return files;
  } finally {
    await staged.discard();
  }
}

function membersOf(context: ArchiveContext, format: ArchiveFormat): AsyncIterable<ArchiveMember> {
  switch (format) {
    case "zip":
      return readZip(context);
    case "tar":
      return readTar(context, context.file.stream({ start: 0, end: context.file.sizeBytes }));
    case "tar.gz":
      return readTar(context, gunzip(context));
    case "tar.zst":
      return readTar(context, unzstd(context));
  }
}

interface Link {
  readonly path: string;
  readonly target: string;
}

async function takeMembers(
  context: ArchiveContext,
  from: { readonly members: AsyncIterable<ArchiveMember>; readonly staged: StagedFiles },
): Promise<readonly ArtifactFile[]> {
  const tree = new MemberTree(context);
  const blobs = new Map<string, StoredBlob>();
  const symlinks: Link[] = [];
  for await (const member of from.members) {
    const path = parseMemberName(context, member.name);
    if (member.kind === "folder") {
      tree.addFolder(path);
      continue;
    }
    if (member.name.endsWith("/")) throw nameRefused(context, member.name, "ends as a folder's, but it is none");
    tree.addFile(path);
    if (member.kind === "file") blobs.set(path, await from.staged.take(abortable(context, member.content)));
    else if (member.kind === "symlink") symlinks.push({ path, target: member.target });
    else blobs.set(path, linked(context, { path, target: parseMemberName(context, member.target) }, blobs));
  }
  const direct = [...blobs].map(([path, blob]) => ({ path, ...blob }));
  return [
    ...direct,
    ...symlinks.map((link) => ({ path: link.path, ...linked(context, { ...link, target: resolveLink(context, link) }, blobs) })),
  ];
}

async function* abortable(context: ArchiveContext, content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of content) {
    context.signal?.throwIfAborted();
    yield chunk;
  }
}

/** Where a symbolic link leads, inside the tree. */
function resolveLink(context: ArchiveContext, { path, target }: Link): string {
  if (target.startsWith("/") || target.includes("\\"))
    throw memberRefused(context, path, `is a link out of the archive, to ${quoted(target)}`);
  const resolved = posix.normalize(posix.join(posix.dirname(path), target));
  if (resolved === ".." || resolved.startsWith("../"))
    throw memberRefused(context, path, `is a link out of the archive, to ${quoted(target)}`);
  return resolved;
}

/** The content a link leads to: that of a file, not of another link or a folder. */
function linked(context: ArchiveContext, { path, target }: Link, blobs: ReadonlyMap<string, StoredBlob>): StoredBlob {
  const blob = blobs.get(target);
  if (!blob) throw memberRefused(context, path, `is a link to ${quoted(target)}, which is no file of the archive`);
  return blob;
}
