/** Reads a stream to its end. */
import { addAbortSignal, type Readable } from "node:stream";
import { failure } from "@modelyard/core";

const maxInputBytes = 2 ** 30;

/** Its bytes, 1 GiB at most. Throws `LIMIT_EXCEEDED`, or the reason of the signal, which ends the stream. */
export async function readAll(stream: Readable, signal: AbortSignal): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of addAbortSignal(signal, stream)) {
      size += chunk.length;
      if (size > maxInputBytes) throw failure("LIMIT_EXCEEDED", { what: "The input", current: size, limit: maxInputBytes });
      chunks.push(chunk);
    }
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  }
  return Buffer.concat(chunks);
}
