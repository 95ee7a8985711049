/** Which streams were opened, by whom, and what may still come on those that are closed (RFC 9113 §5.1, §5.1.1). */
import { ClosedStreams } from "./closed-streams.ts";
import { Http2Fault } from "./protocol.ts";

/** Side of a connection. */
export type Role = "server" | "client";

/** Stream ids of one connection. */
export class StreamIds {
  /** Highest stream we opened. */
  lastOwn = 0;
  /** Highest stream the peer opened. */
  lastPeers = 0;
  readonly #role: Role;
  readonly #closed = new ClosedStreams();

  constructor(role: Role) {
    this.#role = role;
  }

  /** Whether a stream is the peer's to open. */
  isPeers(streamId: number): boolean {
    return streamId % 2 === (this.#role === "server" ? 1 : 0);
  }

  /** Whether a stream was never opened. */
  isIdle(streamId: number): boolean {
    return streamId > (this.isPeers(streamId) ? this.lastPeers : this.lastOwn);
  }

  /** Remembers how a stream ended. */
  closed(streamId: number, ending: "reset" | "ended"): void {
    this.#closed.add(streamId, ending);
  }

  /** DATA or HEADERS on a stream that is not in the table: ignored after our own reset, otherwise the fault that is thrown. */
  refuseLate(streamId: number, scope: "stream" | "connection"): void {
    if (this.isIdle(streamId)) throw new Http2Fault("PROTOCOL_ERROR", `frame on the idle stream ${streamId}`);
    const ending = this.#closed.endingOf(streamId);
    if (ending === "reset") return;
    if (ending === "unknown" && scope === "connection") throw new Http2Fault("PROTOCOL_ERROR", `stream ${streamId} opened out of order`);
    throw new Http2Fault("STREAM_CLOSED", "frame on a closed stream", scope === "stream" ? streamId : 0);
  }
}
