/** Checksum of a prepared file, on the way of every cold load. */
import { closeSync, createReadStream, fstatSync, openSync, readFileSync } from "node:fs";
import { crc32 } from "node:zlib";

const chunkBytes = 2 ** 20;

/**
 * Size and CRC-32 of a file. A small one is read at once on this thread, which costs 20 µs where a turn through the thread pool costs 200, and ONNX
 * Runtime reads it the same way right after; a large one in pieces, so that the thread is never held for long.
 */
export async function checksumOf(path: string): Promise<{ readonly sizeBytes: number; readonly crc32: number }> {
  const file = openSync(path, "r");
  try {
    const sizeBytes = fstatSync(file).size;
    if (sizeBytes <= chunkBytes) return { sizeBytes, crc32: crc32(readFileSync(file)) };
  } finally {
    closeSync(file);
  }
  return await checksumInPieces(path);
}

async function checksumInPieces(path: string): Promise<{ readonly sizeBytes: number; readonly crc32: number }> {
  let crc = 0;
  let sizeBytes = 0;
  // The stream of a file without an encoding gives buffers.
  for await (const chunk of createReadStream(path, { highWaterMark: chunkBytes }) as AsyncIterable<Buffer>) {
    crc = crc32(chunk, crc);
    sizeBytes += chunk.length;
  }
  return { sizeBytes, crc32: crc };
}
