/** One entry of a zip's central directory (APPNOTE §4.3.12), checked against the local header that repeats it (§4.3.7). */
import type { ArchiveContext } from "./archive-context.ts";
import { damaged, memberRefused, quoted } from "./archive-refusal.ts";
import { decodeName } from "./member-name.ts";

const centralSignature = 0x02014b50;
const centralBytes = 46;
const localSignature = 0x04034b50;
const localBytes = 30;
const full = 0xffffffff;
const flag = { encrypted: 0x1, descriptor: 0x8, patch: 0x20, strong: 0x40, utf8: 0x800, masked: 0x2000 };
const extraId = { zip64: 0x0001, unicodePath: 0x7075 };
const unixHost = 3;

/** A member as the directory has it. */
export interface ZipEntry {
  readonly name: string;
  readonly nameBytes: Buffer;
  readonly kind: "file" | "folder" | "symlink";
  readonly flags: number;
  readonly isDeflated: boolean;
  readonly checksum: number;
  readonly storedBytes: number;
  readonly sizeBytes: number;
  readonly offset: number;
}

/** Reads the entry at a position of the directory; `next` is where the following one begins. */
export function parseZipEntry(context: ArchiveContext, directory: Buffer, at: number): { readonly entry: ZipEntry; readonly next: number } {
  const isWhole = at + centralBytes <= directory.byteLength && directory.readUInt32LE(at) === centralSignature;
  if (!isWhole) throw damaged(context, "its zip directory has fewer entries than it declares");
  const nameEnd = at + centralBytes + directory.readUInt16LE(at + 28);
  const extraEnd = nameEnd + directory.readUInt16LE(at + 30);
  const next = extraEnd + directory.readUInt16LE(at + 32);
  if (next > directory.byteLength) throw damaged(context, "an entry of its zip directory goes beyond the directory");
  const nameBytes = directory.subarray(at + centralBytes, nameEnd);
  const name = decodeName(context, nameBytes);
  const flags = directory.readUInt16LE(at + 8);
  const method = directory.readUInt16LE(at + 10);
  checkMethod(context, { name, flags, method });
  const extras = parseExtras(context, name, directory.subarray(nameEnd, extraEnd));
  checkUnicodePath(context, { name, nameBytes, extra: extras.get(extraId.unicodePath) });
  const sizes = sizesOf(context, name, { head: directory.subarray(at, at + centralBytes), extra: extras.get(extraId.zip64) });
  const kind = kindOf(context, name, { host: directory.readUInt16LE(at + 4) >> 8, attributes: directory.readUInt32LE(at + 38) });
  if (kind === "folder" && sizes.sizeBytes > 0) throw memberRefused(context, name, `is a folder with ${sizes.sizeBytes} bytes of content`);
  const entry = { name, nameBytes, kind, flags, isDeflated: method === 8, checksum: directory.readUInt32LE(at + 16), ...sizes };
  if (!entry.isDeflated && entry.storedBytes !== entry.sizeBytes)
    throw damaged(context, `${quoted(name)} is stored as it is, but declared with two lengths`);
  return { entry, next };
}

function checkMethod(
  context: ArchiveContext,
  { name, flags, method }: { readonly name: string; readonly flags: number; readonly method: number },
): void {
  if (flags & (flag.encrypted | flag.strong | flag.masked) || method === 99) throw memberRefused(context, name, "is encrypted");
  if (flags & flag.patch) throw memberRefused(context, name, "is a patch");
  if (method !== 0 && method !== 8) throw memberRefused(context, name, `is compressed by the unsupported method ${method}`);
}

function parseExtras(context: ArchiveContext, name: string, bytes: Buffer): ReadonlyMap<number, Buffer> {
  const extras = new Map<number, Buffer>();
  for (let at = 0; at < bytes.byteLength; ) {
    const end = at + 4 <= bytes.byteLength ? at + 4 + bytes.readUInt16LE(at + 2) : Number.POSITIVE_INFINITY;
    if (end > bytes.byteLength) throw damaged(context, `${quoted(name)} has extra fields that are not well formed`);
    const id = bytes.readUInt16LE(at);
    if (extras.has(id)) throw damaged(context, `${quoted(name)} has the extra field ${id} twice`);
    extras.set(id, bytes.subarray(at + 4, end));
    at = end;
  }
  return extras;
}

/** Info-ZIP's second name (APPNOTE §4.6.9): readers that know it would see another file. */
function checkUnicodePath(
  context: ArchiveContext,
  of: { readonly name: string; readonly nameBytes: Buffer; readonly extra: Buffer | undefined },
): void {
  if (of.extra && !of.extra.subarray(5).equals(of.nameBytes)) throw memberRefused(context, of.name, "has a second, different name");
}

interface Sizes {
  readonly sizeBytes: number;
  readonly storedBytes: number;
  readonly offset: number;
}

/** Lengths and place; each that is full in the entry, and no other, is in the zip64 field (APPNOTE §4.5.3). */
function sizesOf(context: ArchiveContext, name: string, of: { readonly head: Buffer; readonly extra: Buffer | undefined }): Sizes {
  const fields = [24, 20, 42].map((at) => of.head.readUInt32LE(at));
  const isDiskFull = of.head.readUInt16LE(34) === 0xffff;
  const wanted = fields.filter((value) => value === full).length * 8 + (isDiskFull ? 4 : 0);
  if ((of.extra?.byteLength ?? 0) !== wanted) throw damaged(context, `${quoted(name)} has a zip64 field that does not fit its entry`);
  if (!isDiskFull && of.head.readUInt16LE(34) !== 0) throw damaged(context, "its zip is spread over several files");
  let at = 0;
  const [sizeBytes = 0, storedBytes = 0, offset = 0] = fields.map((value) => {
    if (value !== full || !of.extra) return value;
    at += 8;
    return Number(of.extra.readBigUInt64LE(at - 8));
  });
  return { sizeBytes, storedBytes, offset };
}

/** By the trailing slash, and by the mode where the writer was a Unix; both must agree. Other bits of the mode (setuid) mean nothing here. */
function kindOf(context: ArchiveContext, name: string, of: { readonly host: number; readonly attributes: number }): ZipEntry["kind"] {
  const isFolder = name.endsWith("/");
  const type = of.host === unixHost ? (of.attributes >>> 16) & 0xf000 : 0;
  if (type === 0 || type === 0x8000 || type === 0x4000) {
    if ((type === 0x8000 && isFolder) || (type === 0x4000 && !isFolder)) throw memberRefused(context, name, "is a file and a folder");
    return isFolder ? "folder" : "file";
  }
  if (type === 0xa000) return "symlink";
  const kinds: Readonly<Record<number, string>> = { 0x2000: "is a character device", 0x6000: "is a block device", 0x1000: "is a fifo" };
  throw memberRefused(context, name, kinds[type] ?? (type === 0xc000 ? "is a socket" : "is of an unknown kind"));
}

/** Where the content begins, after the local header, which must repeat the entry. */
export async function checkLocalHeader(context: ArchiveContext, entry: ZipEntry): Promise<number> {
  const { file } = context;
  const head = await file.read(entry.offset, localBytes + entry.nameBytes.byteLength);
  const name = quoted(entry.name);
  if (head.byteLength < localBytes || head.readUInt32LE(0) !== localSignature)
    throw damaged(context, `the zip directory points ${name} at something else`);
  const isSame =
    head.readUInt16LE(26) === entry.nameBytes.byteLength &&
    head.subarray(localBytes).equals(entry.nameBytes) &&
    head.readUInt16LE(8) === (entry.isDeflated ? 8 : 0) &&
    head.readUInt16LE(6) === entry.flags;
  if (!isSame) throw damaged(context, `the local header of ${name} says something else than the zip directory`);
  const start = entry.offset + localBytes + entry.nameBytes.byteLength;
  const extra = await file.read(start, head.readUInt16LE(28));
  checkLocalSizes(context, entry, { head, extra: parseExtras(context, entry.name, extra).get(extraId.zip64) });
  return start + extra.byteLength;
}

function checkLocalSizes(
  context: ArchiveContext,
  entry: ZipEntry,
  local: { readonly head: Buffer; readonly extra: Buffer | undefined },
): void {
  const { head, extra } = local;
  const large = (at: number): number => (extra && extra.byteLength >= at + 8 ? Number(extra.readBigUInt64LE(at)) : full);
  const storedField = head.readUInt32LE(18);
  const sizeField = head.readUInt32LE(22);
  const size = sizeField === full ? large(0) : sizeField;
  const stored = storedField === full ? large(8) : storedField;
  const isLeftOut = hasDescriptor(entry) && size === 0 && stored === 0 && head.readUInt32LE(14) === 0;
  if (isLeftOut) return;
  if (size === entry.sizeBytes && stored === entry.storedBytes && head.readUInt32LE(14) === entry.checksum) return;
  throw damaged(context, `the local header of ${quoted(entry.name)} declares other lengths than the zip directory`);
}

/** Whether lengths follow the content (APPNOTE §4.3.9). */
export function hasDescriptor(entry: ZipEntry): boolean {
  return (entry.flags & flag.descriptor) !== 0;
}
