/**
 * The end of a zip and its central directory (APPNOTE 6.3.10 §4.3.12 to §4.3.16), read so that there is one way to read it: the end record ends the file, the
 * directory ends where the end record begins, and what two records say agrees.
 */
import type { ArchiveContext } from "./archive-context.ts";
import { damaged, limitExceeded } from "./archive-refusal.ts";

const endSignature = 0x06054b50;
const endBytes = 22;
const maxCommentBytes = 0xffff;
const locatorSignature = 0x07064b50;
const locatorBytes = 20;
const end64Signature = 0x06064b50;
const end64Bytes = 56;

/** Where the directory is. */
export interface ZipDirectory {
  readonly offset: number;
  readonly sizeBytes: number;
  readonly entryCount: number;
}

/** Whether bytes begin as a zip does: with a member, as an empty one, or as a spanned one. */
export function isZip(head: Buffer): boolean {
  return head.byteLength >= 4 && [0x04034b50, endSignature, 0x08074b50].includes(head.readUInt32LE(0));
}

/** Finds the directory. */
export async function findZipDirectory(context: ArchiveContext): Promise<ZipDirectory> {
  const { position, record } = await findEnd(context);
  const plain = {
    disks: [record.readUInt16LE(4), record.readUInt16LE(6)],
    onThisDisk: record.readUInt16LE(8),
    entryCount: record.readUInt16LE(10),
    sizeBytes: record.readUInt32LE(12),
    offset: record.readUInt32LE(16),
  };
  const large = await findEnd64(context, position);
  const found = large ? agreeing(context, plain, large.fields) : plain;
  if (found.disks.some((disk) => disk !== 0) || found.onThisDisk !== found.entryCount)
    throw damaged(context, "its zip is spread over several files");
  const directoryEnd = large?.position ?? position;
  if (found.offset + found.sizeBytes !== directoryEnd)
    throw damaged(context, "its zip directory does not end where its end record begins: bytes stand before or between");
  const { maxMembers, maxListingBytes } = context.limits;
  if (found.entryCount > maxMembers)
    throw limitExceeded(context, `it has ${found.entryCount} members where at most ${maxMembers} are taken`);
  if (found.sizeBytes > maxListingBytes)
    throw limitExceeded(context, `its zip directory has ${found.sizeBytes} bytes where at most ${maxListingBytes} are taken`);
  return found;
}

/** The one record whose comment ends the file; a comment that holds another record could be read in two ways. */
async function findEnd(context: ArchiveContext): Promise<{ readonly position: number; readonly record: Buffer }> {
  const { file } = context;
  const tailStart = Math.max(0, file.sizeBytes - endBytes - maxCommentBytes);
  const tail = await file.read(tailStart, file.sizeBytes - tailStart);
  const found: number[] = [];
  let isThere = false;
  for (let at = tail.byteLength - endBytes; at >= 0; at--) {
    if (tail.readUInt32LE(at) !== endSignature) continue;
    isThere = true;
    if (at + endBytes + tail.readUInt16LE(at + 20) === tail.byteLength) found.push(at);
  }
  const [at, other] = found;
  if (at === undefined) throw damaged(context, isThere ? "bytes follow the end of its zip" : "its zip has no end record");
  if (other !== undefined) throw damaged(context, "its zip has a second end record inside its comment");
  return { position: tailStart + at, record: tail.subarray(at, at + endBytes) };
}

interface EndFields {
  readonly disks: readonly number[];
  readonly onThisDisk: number;
  readonly entryCount: number;
  readonly sizeBytes: number;
  readonly offset: number;
}

async function findEnd64(
  context: ArchiveContext,
  endPosition: number,
): Promise<{ readonly position: number; readonly fields: EndFields } | undefined> {
  const { file } = context;
  const position = endPosition - locatorBytes - end64Bytes;
  if (position < 0) return undefined;
  const locator = await file.read(endPosition - locatorBytes, locatorBytes);
  if (locator.readUInt32LE(0) !== locatorSignature) return undefined;
  const record = await file.read(position, end64Bytes);
  const isInPlace = locator.readBigUInt64LE(8) === BigInt(position) && record.readUInt32LE(0) === end64Signature;
  if (!isInPlace || record.readBigUInt64LE(4) !== BigInt(end64Bytes - 12) || locator.readUInt32LE(4) !== 0)
    throw damaged(context, "its zip64 end record is not where it is said to be");
  const large = (at: number): number => Number(record.readBigUInt64LE(at));
  return {
    position,
    fields: {
      disks: [record.readUInt32LE(16), record.readUInt32LE(20)],
      onThisDisk: large(24),
      entryCount: large(32),
      sizeBytes: large(40),
      offset: large(48),
    },
  };
}

/** The large fields; a small one that is not full must say the same. */
function agreeing(context: ArchiveContext, plain: EndFields, large: EndFields): EndFields {
  const pairs: readonly (readonly [number, number, number])[] = [
    [plain.onThisDisk, large.onThisDisk, 0xffff],
    [plain.entryCount, large.entryCount, 0xffff],
    [plain.sizeBytes, large.sizeBytes, 0xffffffff],
    [plain.offset, large.offset, 0xffffffff],
  ];
  for (const [small, full, marker] of pairs)
    if (small !== marker && small !== full) throw damaged(context, "its zip and zip64 end records do not agree");
  return large;
}
