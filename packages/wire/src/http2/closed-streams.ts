/** Remembers how the latest streams ended, since frames for them are still allowed or not depending on it (RFC 9113 §5.1, "closed"). */

const remembered = 1024;

/** How a stream ended: `reset` by us (late frames are ignored), `ended` otherwise, `unknown` when it was skipped or is long gone. */
export type StreamEnding = "reset" | "ended" | "unknown";

/** A ring of endings by stream id. */
export class ClosedStreams {
  readonly #ids = new Uint32Array(remembered);
  readonly #wasReset = new Uint8Array(remembered);

  add(streamId: number, ending: "reset" | "ended"): void {
    const place = (streamId >>> 1) % remembered;
    this.#ids[place] = streamId;
    this.#wasReset[place] = ending === "reset" ? 1 : 0;
  }

  endingOf(streamId: number): StreamEnding {
    const place = (streamId >>> 1) % remembered;
    if (this.#ids[place] !== streamId) return "unknown";
    return this.#wasReset[place] === 1 ? "reset" : "ended";
  }
}
