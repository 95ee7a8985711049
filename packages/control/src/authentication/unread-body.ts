/** What becomes of the body of a request that was refused: a little of it is thrown away, so that the client reads its answer, then the connection ends. */
import type { IncomingMessage } from "node:http";
import type { Clock } from "@modelyard/core";

/** Bytes of a body that are thrown away. */
const maxThrownAwayBytes = 256 * 1024;
/** Longest time the rest of a body may take, milliseconds. */
const maxRestMs = 5_000;

/** Throws the body away within these limits; the connection serves on when it ended in time. */
export function throwAwayBody(body: IncomingMessage, clock: Clock): void {
  if (body.complete) return;
  let sizeBytes = 0;
  const timer = clock.setTimer(maxRestMs, () => body.complete || body.destroy());
  body.once("close", () => timer.cancel());
  body.on("error", () => {});
  // Flowing, it is not read to its end by the server when the answer is sent.
  body.on("data", (chunk: Buffer) => {
    sizeBytes += chunk.length;
    if (sizeBytes > maxThrownAwayBytes) body.destroy();
  });
}
