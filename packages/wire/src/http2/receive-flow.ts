/** Grants the peer windows for its DATA (RFC 9113 §5.2), in few and large updates. A paused stream keeps what it received ungranted. */
import type { FrameWriter } from "./frame-writer.ts";
import { defaultWindowBytes, Http2Fault } from "./protocol.ts";
import type { Http2Stream } from "./stream.ts";

/** Windows we grant. */
export interface WindowLimits {
  readonly streamWindowBytes: number;
  readonly connectionWindowBytes: number;
}

/** Receiving side of the flow control of one connection. */
export class ReceiveFlow {
  readonly #writer: FrameWriter;
  readonly #limits: WindowLimits;
  #windowBytes = defaultWindowBytes;
  #ungrantedBytes = 0;

  constructor(writer: FrameWriter, limits: WindowLimits) {
    this.#writer = writer;
    this.#limits = limits;
  }

  /** Grants the connection's window; sent with the first SETTINGS. */
  open(): void {
    const more = this.#limits.connectionWindowBytes - defaultWindowBytes;
    if (more <= 0) return;
    this.#writer.windowUpdate(0, more);
    this.#windowBytes += more;
  }

  /** Accounts a DATA frame of `size` bytes, padding included; `stream` is absent when it is closed. */
  received(size: number, stream: Http2Stream | undefined): void {
    this.#windowBytes -= size;
    if (this.#windowBytes < 0) throw new Http2Fault("FLOW_CONTROL_ERROR", "connection window exceeded");
    if (!stream) {
      this.#grantConnection(size);
      return;
    }
    stream.receiveWindow -= size;
    stream.ungrantedBytes += size;
    if (stream.receiveWindow < 0) throw new Http2Fault("FLOW_CONTROL_ERROR", "stream window exceeded", stream.id);
  }

  /** Grants again what a stream received, once it is worth a frame, unless it is paused. */
  grant(stream: Http2Stream): void {
    if (stream.isPaused) return;
    const { streamWindowBytes } = this.#limits;
    if (stream.ungrantedBytes * 2 < streamWindowBytes && !stream.isRemoteClosed) return;
    const increment = stream.ungrantedBytes;
    this.settle(stream);
    if (stream.isRemoteClosed || increment === 0) return;
    stream.receiveWindow += increment;
    this.#writer.windowUpdate(stream.id, increment);
  }

  /** Gives the connection back what a stream held, for good when it has ended. */
  settle(stream: Http2Stream): void {
    this.#grantConnection(stream.ungrantedBytes);
    stream.ungrantedBytes = 0;
  }

  #grantConnection(size: number): void {
    this.#ungrantedBytes += size;
    if (this.#ungrantedBytes * 4 < Math.max(this.#limits.connectionWindowBytes, defaultWindowBytes)) return;
    this.#writer.windowUpdate(0, this.#ungrantedBytes);
    this.#windowBytes += this.#ungrantedBytes;
    this.#ungrantedBytes = 0;
  }
}
