/**
 * State of one HTTP/2 stream, both roles. Who receives what arrives is a {@link StreamReceiver}; what is sent goes through the session, which
 * keeps to the windows.
 *
 * Half-closed and closed states (RFC 9113 §5.1) are the two flags `isLocalClosed` and `isRemoteClosed`; an idle stream has no object, a closed
 * one is dropped from the session's table.
 */
import type { PlatformError } from "@modelyard/core";
import type { TransferWatch } from "../socket/transfer-watch.ts";
import type { HeaderBlock } from "./header-reader.ts";

/** Takes what arrives on a stream. */
export interface StreamReceiver {
  /** Whether the peer is cut off when it stops sending; a peer may take its time with an answer. */
  readonly expectsBody: boolean;
  /** A head or trailers. */
  onHeaders(block: HeaderBlock, endsStream: boolean): void;
  onData(chunk: Buffer): void;
  /** The peer sends no more. */
  onEnd(): void;
  /** The stream ended before both sides were done. Called once and last. */
  onAborted(error: PlatformError): void;
  /** What was queued has been sent. */
  onWritable(): void;
}

/** A stream. */
export class Http2Stream {
  readonly id: number;
  receiver: StreamReceiver;
  isLocalClosed = false;
  isRemoteClosed = false;
  /** Bytes the peer lets us send; negative after it reduced its initial window (§6.9.2). */
  sendWindow: number;
  /** Body that waits for a window or for the socket. */
  readonly queue: Uint8Array[] = [];
  queuedBytes = 0;
  /** The end, and with it these trailers, follows the queue. */
  endIsQueued = false;
  queuedTrailers: Buffer | undefined = undefined;
  /** Bytes we still let the peer send. */
  receiveWindow: number;
  /** Bytes received and not yet granted again. */
  ungrantedBytes = 0;
  isPaused = false;
  receivedBytes = 0;
  sentBytes = 0;
  /** Kept here by the sweep, from the first on that sees the stream. */
  bodyWatch: TransferWatch | undefined = undefined;
  outputWatch: TransferWatch | undefined = undefined;

  constructor(id: number, windows: { readonly send: number; readonly receive: number }, receiver: StreamReceiver) {
    this.id = id;
    this.sendWindow = windows.send;
    this.receiveWindow = windows.receive;
    this.receiver = receiver;
  }

  /** Whether a sweep has seen it: it is then up to a second old, or more. */
  get wasSwept(): boolean {
    return this.bodyWatch !== undefined;
  }

  get isClosed(): boolean {
    return this.isLocalClosed && this.isRemoteClosed;
  }

  /** Whether something waits behind which further body must queue. */
  get hasQueue(): boolean {
    return this.queue.length > 0 || this.endIsQueued;
  }

  /** Forgets what was queued; returns how many bytes that were. */
  dropQueue(): number {
    const dropped = this.queuedBytes;
    this.queue.length = 0;
    this.queuedBytes = 0;
    this.endIsQueued = false;
    this.queuedTrailers = undefined;
    return dropped;
  }
}
