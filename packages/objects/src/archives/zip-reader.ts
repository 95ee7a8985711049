/** Members of a zip, in the order of their bytes. Every byte of the file belongs to exactly one record: nothing overlaps, nothing is hidden between. */
import { crc32 } from "node:zlib";
import type { ArchiveContext, ArchiveMember } from "./archive-context.ts";
import { damaged, memberRefused, quoted } from "./archive-refusal.ts";
import { inflateRange } from "./inflate-range.ts";
import { findZipDirectory } from "./zip-directory.ts";
import { checkLocalHeader, hasDescriptor, parseZipEntry, type ZipEntry } from "./zip-entry.ts";

const descriptorSignature = 0x08074b50;

/** The entries of the directory, as it lists them. */
export async function readZipEntries(context: ArchiveContext): Promise<{ readonly entries: readonly ZipEntry[]; readonly end: number }> {
  const { offset, sizeBytes, entryCount } = await findZipDirectory(context);
  const directory = Buffer.from(await context.file.read(offset, sizeBytes));
  const entries: ZipEntry[] = [];
  let at = 0;
  while (entries.length < entryCount) {
    const { entry, next } = parseZipEntry(context, directory, at);
    entries.push(entry);
    at = next;
  }
  if (at !== directory.byteLength) throw damaged(context, "its zip directory has more entries than it declares");
  return { entries, end: offset };
}

/** The members. */
export async function* readZip(context: ArchiveContext): AsyncGenerator<ArchiveMember> {
  const { entries, end } = await readZipEntries(context);
  let declared = 0;
  for (const entry of entries) context.meter.check((declared += entry.sizeBytes), entry.name);
  let position = 0;
  for (const entry of entries.toSorted((a, b) => a.offset - b.offset)) {
    context.signal?.throwIfAborted();
    if (entry.offset < position) throw damaged(context, `${quoted(entry.name)} overlaps the member before it`);
    if (entry.offset > position) throw damaged(context, `bytes before ${quoted(entry.name)} belong to no member`);
    const start = await checkLocalHeader(context, entry);
    const contentEnd = start + entry.storedBytes;
    if (contentEnd > end) throw damaged(context, `${quoted(entry.name)} goes beyond the end of the members`);
    yield await memberOf(context, entry, start);
    position = await endOf(context, entry, contentEnd);
  }
  if (position !== end) throw damaged(context, "bytes before the zip directory belong to no member");
}

async function memberOf(context: ArchiveContext, entry: ZipEntry, start: number): Promise<ArchiveMember> {
  const { name, kind } = entry;
  switch (kind) {
    case "file":
      return { kind, name, content: contentOf(context, entry, start) };
    case "folder":
      if (entry.storedBytes > 2) throw memberRefused(context, name, "is a folder with content");
      return { kind, name };
    case "symlink":
      return { kind, name, target: await linkTarget(context, entry, start) };
  }
}

async function linkTarget(context: ArchiveContext, entry: ZipEntry, start: number): Promise<string> {
  if (entry.sizeBytes > context.limits.maxNameBytes) throw memberRefused(context, entry.name, "is a link to a name that is too long");
  const parts: Uint8Array[] = [];
  for await (const part of contentOf(context, entry, start)) parts.push(part);
  return Buffer.concat(parts).toString("utf8");
}

async function* contentOf(context: ArchiveContext, entry: ZipEntry, start: number): AsyncGenerator<Uint8Array> {
  const name = quoted(entry.name);
  let checksum = 0;
  let sizeBytes = 0;
  for await (const chunk of plainBytes(context, entry, start)) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > entry.sizeBytes) throw damaged(context, `${name} has more bytes than the ${entry.sizeBytes} it declares`);
    context.meter.count(chunk.byteLength, entry.name);
    checksum = crc32(chunk, checksum);
    yield chunk;
  }
  if (sizeBytes < entry.sizeBytes) throw damaged(context, `${name} has ${sizeBytes} bytes where it declares ${entry.sizeBytes}`);
  if (checksum !== entry.checksum) throw damaged(context, `${name} has another checksum than it declares`);
}

async function* plainBytes(context: ArchiveContext, entry: ZipEntry, start: number): AsyncGenerator<Uint8Array> {
  const range = { start, end: start + entry.storedBytes };
  if (!entry.isDeflated) {
    if (entry.storedBytes > 0) yield* context.file.stream(range);
    return;
  }
  const taken = yield* inflateRange(context, range, quoted(entry.name));
  if (taken !== entry.storedBytes) throw damaged(context, `${quoted(entry.name)} is followed by bytes that belong to no member`);
}

/** Where the member ends: after its descriptor, which has a signature or not, and long fields where the member is large. */
async function endOf(context: ArchiveContext, entry: ZipEntry, contentEnd: number): Promise<number> {
  if (!hasDescriptor(entry)) return contentEnd;
  const bytes = await context.file.read(contentEnd, 24);
  for (const start of [4, 0]) {
    if (start === 4 && (bytes.byteLength < 4 || bytes.readUInt32LE(0) !== descriptorSignature)) continue;
    for (const width of [4, 8]) if (isDescriptor(bytes.subarray(start), entry, width)) return contentEnd + start + 4 + 2 * width;
  }
  throw damaged(context, `the lengths after ${quoted(entry.name)} are not those of the zip directory`);
}

function isDescriptor(bytes: Buffer, entry: ZipEntry, width: number): boolean {
  if (bytes.byteLength < 4 + 2 * width || bytes.readUInt32LE(0) !== entry.checksum) return false;
  const read = (at: number): number => (width === 4 ? bytes.readUInt32LE(at) : Number(bytes.readBigUInt64LE(at)));
  return read(4) === entry.storedBytes && read(4 + width) === entry.sizeBytes;
}
