/** Writes zip bytes as they are asked for, wrong ones included. */
import { crc32, deflateRawSync } from "node:zlib";

/** One member; what is left out is as it should be. */
export interface ZipPart {
  readonly name?: string | Buffer;
  readonly content?: Buffer | string;
  readonly isDeflated?: boolean;
  /** Compressed bytes, whatever the content is. */
  readonly stored?: Buffer;
  readonly method?: number;
  readonly flags?: number;
  readonly localFlags?: number;
  readonly localName?: string;
  readonly localSize?: number;
  readonly declaredSize?: number;
  readonly declaredStored?: number;
  readonly crc?: number;
  /** Unix mode. */
  readonly mode?: number;
  readonly extra?: Buffer;
  /** Where the directory says that the member is. */
  readonly offset?: number;
  /** Bytes after the content. */
  readonly trailer?: Buffer;
}

/** What is wrong with the whole. */
export interface ZipShape {
  readonly prefix?: Buffer;
  readonly suffix?: Buffer;
  readonly gap?: Buffer;
  readonly comment?: Buffer;
  readonly entryCount?: number;
  readonly disk?: number;
  readonly directoryOffset?: number;
  /** Bytes between directory and end record: a zip64 end record and its locator. */
  readonly beforeEnd?: (directory: { readonly offset: number; readonly sizeBytes: number; readonly count: number }) => Buffer;
}

/** A zip. */
export function zipOf(parts: readonly ZipPart[], shape: ZipShape = {}): Buffer {
  const body: Buffer[] = [shape.prefix ?? Buffer.alloc(0)];
  const directory: Buffer[] = [];
  let position = body[0]?.byteLength ?? 0;
  for (const part of parts) {
    const { local, central } = partBytes(part, position);
    body.push(local);
    directory.push(central);
    position += local.byteLength;
  }
  if (shape.gap) body.push(shape.gap);
  const offset = shape.directoryOffset ?? position + (shape.gap?.byteLength ?? 0);
  const entries = Buffer.concat(directory);
  const between = shape.beforeEnd?.({ offset, sizeBytes: entries.byteLength, count: parts.length }) ?? Buffer.alloc(0);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(shape.disk ?? 0, 4);
  end.writeUInt16LE(shape.entryCount ?? parts.length, 8);
  end.writeUInt16LE(shape.entryCount ?? parts.length, 10);
  end.writeUInt32LE(entries.byteLength, 12);
  end.writeUInt32LE(offset, 16);
  end.writeUInt16LE(shape.comment?.byteLength ?? 0, 20);
  return Buffer.concat([...body, entries, between, end, shape.comment ?? Buffer.alloc(0), shape.suffix ?? Buffer.alloc(0)]);
}

/** A zip64 end record and its locator, with what they say. */
export function zip64End(of: {
  readonly offset: number;
  readonly sizeBytes: number;
  readonly count: number;
  readonly position: number;
}): Buffer {
  const bytes = Buffer.alloc(76);
  bytes.writeUInt32LE(0x06064b50, 0);
  bytes.writeBigUInt64LE(44n, 4);
  bytes.writeUInt16LE(45, 12);
  bytes.writeUInt16LE(45, 14);
  bytes.writeBigUInt64LE(BigInt(of.count), 24);
  bytes.writeBigUInt64LE(BigInt(of.count), 32);
  bytes.writeBigUInt64LE(BigInt(of.sizeBytes), 40);
  bytes.writeBigUInt64LE(BigInt(of.offset), 48);
  bytes.writeUInt32LE(0x07064b50, 56);
  bytes.writeBigUInt64LE(BigInt(of.position), 64);
  bytes.writeUInt32LE(1, 72);
  return bytes;
}

function partBytes(part: ZipPart, position: number): { readonly local: Buffer; readonly central: Buffer } {
  const { name = "model.onnx", isDeflated = false, flags = 0, extra = Buffer.alloc(0), mode = 0o100644 } = part;
  const content = Buffer.from(part.content ?? "weights");
  const stored = part.stored ?? (isDeflated ? deflateRawSync(content) : content);
  const method = part.method ?? (isDeflated ? 8 : 0);
  const crc = part.crc ?? crc32(content);
  const nameBytes = Buffer.from(name);
  const localName = part.localName === undefined ? nameBytes : Buffer.from(part.localName);
  const size = part.declaredSize ?? content.byteLength;
  const storedSize = part.declaredStored ?? stored.byteLength;
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(20, 4);
  writeCommon(local.subarray(6), { flags: part.localFlags ?? flags, method, crc, storedSize, size: part.localSize ?? size });
  local.writeUInt16LE(localName.byteLength, 26);
  local.writeUInt16LE(extra.byteLength, 28);
  const central = Buffer.alloc(46);
  central.writeUInt32LE(0x02014b50, 0);
  central.writeUInt16LE((3 << 8) | 20, 4);
  central.writeUInt16LE(20, 6);
  writeCommon(central.subarray(8), { flags, method, crc, storedSize, size });
  central.writeUInt16LE(nameBytes.byteLength, 28);
  central.writeUInt16LE(extra.byteLength, 30);
  central.writeUInt32LE((mode << 16) >>> 0, 38);
  central.writeUInt32LE(part.offset ?? position, 42);
  return {
    local: Buffer.concat([local, localName, extra, stored, part.trailer ?? Buffer.alloc(0)]),
    central: Buffer.concat([central, nameBytes, extra]),
  };
}

interface CommonFields {
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly storedSize: number;
  readonly size: number;
}

function writeCommon(at: Buffer, { flags, method, crc, storedSize, size }: CommonFields): void {
  at.writeUInt16LE(flags, 0);
  at.writeUInt16LE(method, 2);
  at.writeUInt32LE(crc, 8);
  at.writeUInt32LE(storedSize, 12);
  at.writeUInt32LE(size, 16);
}
