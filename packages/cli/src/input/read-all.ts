/** Reads a stream to its end. */
import { failure } from "@modelyard/core";

const maxInputBytes = 2 ** 30;

/** Its bytes, 1 GiB at most. Throws `LIMIT_EXCEEDED`. */
export async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > maxInputBytes) throw failure("LIMIT_EXCEEDED", { what: "The input", current: size, limit: maxInputBytes });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
