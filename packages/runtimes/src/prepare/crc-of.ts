/** Checksum of a prepared file. */
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { crc32 } from "node:zlib";

const chunkBytes = 2 ** 20;

/** CRC-32 of a file; large ones are read in pieces, so that the thread is never held for long. */
export async function crcOf(path: string): Promise<number> {
  if ((await stat(path)).size <= chunkBytes) return crc32(await readFile(path));
  let crc = 0;
  // The stream of a file without an encoding gives buffers.
  for await (const chunk of createReadStream(path, { highWaterMark: chunkBytes })) crc = crc32(chunk as Buffer, crc);
  return crc;
}
