/**
 * A zstd file (RFC 8878) of exactly one frame that fills it. The frame is walked block by block first: that shows windows beyond the limit, dictionaries,
 * further frames and missing bytes by name before anything is unpacked, and only then is it left to zlib.
 */
import { pipeline } from "node:stream/promises";
import { constants, createZstdDecompress } from "node:zlib";
import type { ArchiveContext } from "./archive-context.ts";
import { damaged, limitExceeded } from "./archive-refusal.ts";

const magic = 0xfd2fb528;

/** Whether bytes begin as a zstd frame does. */
export function isZstd(head: Buffer): boolean {
  return head.byteLength >= 4 && head.readUInt32LE(0) === magic;
}

/** The content. */
export async function* unzstd(context: ArchiveContext): AsyncGenerator<Uint8Array> {
  await checkFrame(context);
  const input = context.file.stream({ start: 0, end: context.file.sizeBytes });
  const decompress = createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: context.limits.maxWindowLog } });
  // A failure arrives where the output is read.
  pipeline(input, decompress).catch(() => {});
  try {
    for await (const chunk of decompress) yield chunk as Buffer;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (code.startsWith("ZSTD_") || code.startsWith("Z_")) throw damaged(context, "its zstd stream is not valid", error);
    throw error;
  } finally {
    input.destroy();
    decompress.destroy();
  }
}

async function checkFrame(context: ArchiveContext): Promise<void> {
  const { file } = context;
  const header = readHeader(context, await file.read(0, 18));
  let position = header.length;
  let plainBytes = 0;
  for (let isLast = false; !isLast; ) {
    const head = await file.read(position, 3);
    if (head.byteLength < 3) throw damaged(context, "its zstd stream ends too early");
    const block = readBlock(context, head);
    isLast = block.isLast;
    position += 3 + block.storedBytes;
    plainBytes += block.plainBytes;
    context.meter.check(plainBytes, "");
  }
  const end = position + header.checksumBytes;
  if (end > file.sizeBytes) throw damaged(context, "its zstd stream ends too early");
  if (end === file.sizeBytes) return;
  throw damaged(context, isZstd(await file.read(end, 4)) ? "it has several zstd frames" : "bytes follow its zstd stream");
}

interface FrameHeader {
  readonly length: number;
  readonly checksumBytes: number;
}

/** RFC 8878 §3.1.1.1. */
function readHeader(context: ArchiveContext, head: Buffer): FrameHeader {
  const descriptor = head[4] ?? 0;
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  const sizeBytes = sizeFlag === 0 ? (isSingleSegment ? 1 : 0) : 2 ** sizeFlag;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const sizeAt = 5 + (isSingleSegment ? 0 : 1) + dictionaryBytes;
  if (head.byteLength < sizeAt + sizeBytes) throw damaged(context, "its zstd header ends too early");
  if (descriptor & 0x08) throw damaged(context, "its zstd header has a reserved flag");
  if (dictionaryBytes > 0) throw damaged(context, "its zstd stream needs a dictionary");
  const declared = declaredSize(head.subarray(sizeAt, sizeAt + sizeBytes));
  const window = isSingleSegment ? declared : windowSize(head[5] ?? 0);
  const most = 2 ** context.limits.maxWindowLog;
  if (window > most) throw limitExceeded(context, `its zstd stream asks for a window of ${window} bytes where at most ${most} are taken`);
  if (sizeBytes > 0) context.meter.check(declared, "");
  return { length: sizeAt + sizeBytes, checksumBytes: descriptor & 0x04 ? 4 : 0 };
}

function declaredSize(field: Buffer): number {
  if (field.byteLength === 0) return 0;
  if (field.byteLength === 8) return Number(field.readBigUInt64LE());
  return field.readUIntLE(0, field.byteLength) + (field.byteLength === 2 ? 256 : 0);
}

function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

interface Block {
  readonly isLast: boolean;
  readonly storedBytes: number;
  /** What it becomes, where the header says so. */
  readonly plainBytes: number;
}

/** RFC 8878 §3.1.1.2. */
function readBlock(context: ArchiveContext, head: Buffer): Block {
  const value = head.readUIntLE(0, 3);
  const type = (value >> 1) & 3;
  const size = value >> 3;
  if (type === 3) throw damaged(context, "its zstd stream has a block of a reserved type");
  return { isLast: (value & 1) === 1, storedBytes: type === 1 ? 1 : size, plainBytes: type === 2 ? 0 : size };
}
