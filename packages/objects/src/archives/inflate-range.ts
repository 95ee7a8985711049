/** Raw deflate (RFC 1951) of a range of a file. */
import { pipeline } from "node:stream/promises";
import { createInflateRaw } from "node:zlib";
import type { ArchiveFile, ByteRange } from "./archive-file.ts";
import { type ArchiveSubject, damaged } from "./archive-refusal.ts";

const chunkBytes = 64 * 1024;

/** What came out; the result is how many bytes of the range the stream took. `where` begins the message when it is damaged. */
export async function* inflateRange(
  subject: ArchiveSubject & { readonly file: ArchiveFile },
  range: ByteRange,
  where: string,
): AsyncGenerator<Uint8Array, number> {
  if (range.end <= range.start) throw damaged(subject, `${where} ends too early`);
  const input = subject.file.stream(range);
  const inflate = createInflateRaw({ chunkSize: chunkBytes });
  // A failure arrives where the output is read; a pipe that outlives its output is ended below.
  pipeline(input, inflate).catch(() => {});
  try {
    for await (const chunk of inflate) yield chunk as Buffer;
    return inflate.bytesWritten;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "Z_BUF_ERROR") throw damaged(subject, `${where} ends too early`, error);
    if (code === "Z_DATA_ERROR") throw damaged(subject, `${where} is no valid deflate stream`, error);
    throw error;
  } finally {
    input.destroy();
    inflate.destroy();
  }
}
