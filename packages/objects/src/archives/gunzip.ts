/**
 * A gzip file (RFC 1952) of exactly one member that fills it. Node's own gunzip takes several and passes over what follows, so that two readers could
 * see two contents; here the framing is read by hand and only deflate is left to zlib.
 */
import { crc32 } from "node:zlib";
import type { ArchiveFile } from "./archive-file.ts";
import { type ArchiveSubject, damaged } from "./archive-refusal.ts";
import { inflateRange } from "./inflate-range.ts";

const flag = { headerCrc: 2, extra: 4, name: 8, comment: 16, reserved: 0xe0 };
const trailerBytes = 8;
/** Longest header: a name and a comment of any sensible length. */
const maxHeaderBytes = 64 * 1024 + 4096;

/** Whether bytes begin as gzip does. */
export function isGzip(head: Uint8Array): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

/** The content. */
export async function* gunzip(subject: ArchiveSubject & { readonly file: ArchiveFile }): AsyncGenerator<Uint8Array> {
  const { file } = subject;
  const start = headerLength(subject, await file.read(0, maxHeaderBytes));
  let checksum = 0;
  let sizeBytes = 0;
  const inflated = inflateRange(subject, { start, end: file.sizeBytes }, "its gzip stream");
  let step = await inflated.next();
  try {
    for (; !step.done; step = await inflated.next()) {
      checksum = crc32(step.value, checksum);
      sizeBytes += step.value.byteLength;
      yield step.value;
    }
  } finally {
    await inflated.return(0);
  }
  await checkTrailer(subject, { position: start + step.value, checksum, sizeBytes });
}

interface Inflated {
  readonly position: number;
  readonly checksum: number;
  readonly sizeBytes: number;
}

async function checkTrailer(subject: ArchiveSubject & { readonly file: ArchiveFile }, inflated: Inflated): Promise<void> {
  const trailer = await subject.file.read(inflated.position, trailerBytes);
  if (trailer.byteLength < trailerBytes) throw damaged(subject, "its gzip stream ends too early");
  if (trailer.readUInt32LE(0) !== inflated.checksum) throw damaged(subject, "its gzip stream has another checksum than it declares");
  if (trailer.readUInt32LE(4) !== inflated.sizeBytes % 2 ** 32)
    throw damaged(subject, "its gzip stream has another length than it declares");
  const next = await subject.file.read(inflated.position + trailerBytes, 2);
  if (next.byteLength === 0) return;
  throw damaged(subject, isGzip(next) ? "it has several gzip members" : "bytes follow its gzip stream");
}

function headerLength(subject: ArchiveSubject, head: Buffer): number {
  const [, , method, flags = 0] = head;
  if (head.byteLength < 18) throw damaged(subject, "its gzip header ends too early");
  if (method !== 8) throw damaged(subject, `its gzip header names the unknown method ${method}`);
  if (flags & flag.reserved) throw damaged(subject, "its gzip header has reserved flags");
  let length = 10;
  if (flags & flag.extra) length += 2 + (length + 2 <= head.byteLength ? head.readUInt16LE(length) : 0);
  for (const one of [flag.name, flag.comment]) {
    if (!(flags & one)) continue;
    const end = head.indexOf(0, length);
    if (end < 0) throw damaged(subject, "its gzip header does not end");
    length = end + 1;
  }
  if (flags & flag.headerCrc) {
    if (length + 2 > head.byteLength || head.readUInt16LE(length) !== (crc32(head.subarray(0, length)) & 0xffff))
      throw damaged(subject, "its gzip header has another checksum than it declares");
    length += 2;
  }
  return length;
}
