/** Checksum of a prepared file, on the way of every cold load. */
import { closeSync, createReadStream, fstatSync, openSync, readSync } from "node:fs";
import { crc32 } from "node:zlib";

/** Size and CRC-32 (ISO-HDLC) of a file. */
export interface FileChecksum {
  readonly sizeBytes: number;
  readonly crc32: number;
}

const chunkBytes = 2 ** 20;

/** Bytes of the memory that {@link checksumOf} reads small files through. */
export const scratchBytes: number = 2 ** 16;

/**
 * Size and CRC-32 of a file. A small one is read at once on this thread, which costs 20 µs where a turn through the thread pool costs 200, and ONNX
 * Runtime reads it the same way right after; a large one in pieces, so that the thread is never held for long.
 *
 * `scratch` is used before this returns and not after. A caller who checks many files gives the same one again: a buffer per file is garbage outside
 * of the JavaScript heap, which grows the process until a collection comes and lies scattered between the sessions' memory after it.
 */
export async function checksumOf(path: string, scratch: Uint8Array = new Uint8Array(scratchBytes)): Promise<FileChecksum> {
  const file = openSync(path, "r");
  try {
    const sizeBytes = fstatSync(file).size;
    if (sizeBytes <= chunkBytes) return checksumAtOnce(file, sizeBytes, scratch);
  } finally {
    closeSync(file);
  }
  return await checksumInPieces(path);
}

function checksumAtOnce(file: number, statedBytes: number, scratch: Uint8Array): FileChecksum {
  let crc = 0;
  let sizeBytes = 0;
  while (sizeBytes < statedBytes) {
    const count = readSync(file, scratch);
    if (count === 0) break;
    crc = crc32(scratch.subarray(0, count), crc);
    sizeBytes += count;
  }
  return { sizeBytes, crc32: crc };
}

async function checksumInPieces(path: string): Promise<FileChecksum> {
  let crc = 0;
  let sizeBytes = 0;
  // The stream of a file without an encoding gives buffers.
  for await (const chunk of createReadStream(path, { highWaterMark: chunkBytes }) as AsyncIterable<Buffer>) {
    crc = crc32(chunk, crc);
    sizeBytes += chunk.length;
  }
  return { sizeBytes, crc32: crc };
}
