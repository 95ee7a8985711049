/**
 * The streams of one connection: what is sent and granted on them, and how they end.
 *
 * Invariants: every stream in the table ends in exactly one of completion or `onAborted`; nothing is sent on a stream after its end.
 *
 * Hot path. Budget: 0.5 µs a request.
 */
import { type Clock, failure, IdSlots, type PlatformError } from "@modelyard/core";
import type { BufferBudget } from "../socket/buffer-budget.ts";
import type { Outbox } from "../socket/outbox.ts";
import type { TransferLimits } from "../socket/transfer-watch.ts";
import type { FrameWriter } from "./frame-writer.ts";
import { type ErrorCodeName, Http2Fault, maxWindowBytes } from "./protocol.ts";
import { ReceiveFlow, type WindowLimits } from "./receive-flow.ts";
import { SendFlow } from "./send-flow.ts";
import { Http2Stream, type StreamReceiver } from "./stream.ts";
import type { Role, StreamIds } from "./stream-ids.ts";
import { StreamSweep } from "./stream-sweep.ts";

/** Limits of the streams of a connection. */
export interface StreamLimits extends WindowLimits, TransferLimits {
  /** Body waiting on all streams. */
  readonly maxOutputBytes: number;
}

/** What a table works with. */
export interface StreamTableDeps {
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly writer: FrameWriter;
  readonly ids: StreamIds;
  readonly limits: StreamLimits;
  readonly role: Role;
  /** Told of the bodies that wait for windows of the peer. Default: nobody is. */
  readonly budget?: BufferBudget;
  /** A stream has ended, however. */
  readonly onGone: () => void;
}

/** The streams. */
export class StreamTable {
  readonly send: SendFlow;
  readonly receive: ReceiveFlow;
  readonly #deps: StreamTableDeps;
  readonly #sweep: StreamSweep;
  readonly #streams = new IdSlots<Http2Stream>();
  /** Streams answered while their request was still coming in, looked at when the read batch is through. */
  readonly #answeredEarly: Http2Stream[] = [];
  #isReceiving = false;

  constructor(deps: StreamTableDeps) {
    const { outbox, writer, budget, limits } = deps;
    this.#deps = deps;
    this.receive = new ReceiveFlow(writer, limits);
    this.send = new SendFlow({ outbox, writer, budget, onLocalEnd: (stream) => this.localEnd(stream) });
    this.#sweep = new StreamSweep(limits, deps.clock.monotonicMs());
  }

  get size(): number {
    return this.#streams.size;
  }

  get(streamId: number): Http2Stream | undefined {
    return this.#streams.get(streamId);
  }

  /** Puts a stream into the table. */
  add(streamId: number, receiver: StreamReceiver, sendWindowBytes: number): Http2Stream {
    const windows = { send: sendWindowBytes, receive: this.#deps.limits.streamWindowBytes };
    const stream = new Http2Stream(streamId, windows, receiver);
    this.#streams.add(stream);
    return stream;
  }

  /** Body for a stream; `false` when some of it waits. What exceeds the connection's limit on output resets the stream. */
  write(stream: Http2Stream, chunk: Uint8Array): boolean {
    const before = this.send.queuedBytes;
    const isSent = this.send.write(stream, chunk);
    if (!isSent && before > 0) this.#limitOutput(stream);
    return isSent;
  }

  /** The last of the body of a stream, with the same limit. */
  writeLast(stream: Http2Stream, chunk: Uint8Array): void {
    const before = this.send.queuedBytes;
    this.send.writeLast(stream, chunk);
    if (before > 0) this.#limitOutput(stream);
  }

  #limitOutput(stream: Http2Stream): void {
    if (this.send.queuedBytes <= this.#deps.limits.maxOutputBytes) return;
    const details = { what: "Output waiting for the peer", current: this.send.queuedBytes, limit: this.#deps.limits.maxOutputBytes };
    this.reset(stream, "ENHANCE_YOUR_CALM");
    // Whoever writes is in the middle of it: told when it is through.
    queueMicrotask(() => stream.receiver.onAborted(failure("LIMIT_EXCEEDED", details)));
  }

  /** Stops or goes on granting window to a stream. */
  setPaused(stream: Http2Stream, isPaused: boolean): void {
    stream.isPaused = isPaused;
    if (!isPaused && this.#streams.has(stream.id)) this.receive.grant(stream);
  }

  /** Resets a stream of our own accord; its receiver hears nothing. */
  reset(stream: Http2Stream, code: ErrorCodeName): void {
    if (!this.#streams.has(stream.id)) return;
    this.#deps.writer.reset(stream.id, code);
    this.#remove(stream, "reset");
  }

  /** Resets a stream and tells its receiver why. */
  abort(stream: Http2Stream, code: ErrorCodeName, error: PlatformError): void {
    if (!this.#streams.has(stream.id)) return;
    this.reset(stream, code);
    stream.receiver.onAborted(error);
  }

  /** Refuses a stream that is not in the table. */
  refuse(streamId: number, code: ErrorCodeName): void {
    this.#deps.writer.reset(streamId, code);
    this.#deps.ids.closed(streamId, "reset");
  }

  /** Aborts the streams above an id, without RST_STREAM: the peer does not know them, or is gone. */
  abortAbove(lastStreamId: number, error: PlatformError): void {
    for (const stream of this.#streams.all()) {
      if (stream.id <= lastStreamId) continue;
      this.end(stream, error);
    }
  }

  /** Removes a stream that the peer has ended, and tells its receiver why. */
  end(stream: Http2Stream, error: PlatformError): void {
    if (this.#remove(stream, "ended")) stream.receiver.onAborted(error);
  }

  /**
   * Aborts the streams that cannot be completed now that the peer sends nothing more: those not answered to the end, and those whose answer
   * needs more window than was granted.
   */
  abortUnfinishable(error: PlatformError): void {
    let budgetBytes = this.send.windowBytes;
    for (const stream of this.#streams.all().toSorted((one, other) => one.id - other.id)) {
      const fits = stream.endIsQueued && stream.queuedBytes <= Math.min(stream.sendWindow, budgetBytes);
      if (fits) budgetBytes -= stream.queuedBytes;
      else if (!stream.isLocalClosed) this.abort(stream, "CANCEL", error);
    }
  }

  /** Resets the streams whose peer does not send what it owes, or read what waits, in time. */
  sweep(nowMs: number): void {
    const limitMs = this.#deps.limits.stallTimeoutMs;
    for (const { stream, what } of this.#sweep.overdue(this.#streams.all(), this.send, nowMs)) {
      this.abort(stream, "CANCEL", failure("WIRE_TIMEOUT", { limitMs, what }));
    }
  }

  /** A change of the peer's initial window moves the window of every stream; beyond the largest window it ends the connection (§6.9.2). */
  moveWindows(change: number): void {
    if (change === 0) return;
    for (const stream of this.#streams.all()) {
      if (stream.sendWindow + change > maxWindowBytes) throw new Http2Fault("FLOW_CONTROL_ERROR", "stream window too large");
      this.send.growStream(stream, change);
    }
  }

  /** Our side of a stream has ended. */
  localEnd(stream: Http2Stream): void {
    stream.isLocalClosed = true;
    if (stream.isRemoteClosed) this.#remove(stream, "ended");
    else if (this.#deps.role === "server") {
      this.#answeredEarly.push(stream);
      if (!this.#isReceiving) this.#stopAnswered();
    }
  }

  /** From here on answers may be given while more of the same read is to come. */
  beginBatch(): void {
    this.#isReceiving = true;
  }

  endBatch(): void {
    this.#isReceiving = false;
    this.#stopAnswered();
  }

  /** Asks peers to stop sending requests that are answered already (§8.1). */
  #stopAnswered(): void {
    if (this.#answeredEarly.length === 0) return;
    for (const stream of this.#answeredEarly) this.reset(stream, "NO_ERROR");
    this.#answeredEarly.length = 0;
  }

  /** The peer's side of a stream has ended. */
  remoteEnd(stream: Http2Stream): void {
    stream.isRemoteClosed = true;
    this.receive.settle(stream);
    stream.receiver.onEnd();
    if (stream.isLocalClosed) this.#remove(stream, "ended");
  }

  /** False when it had gone before. */
  #remove(stream: Http2Stream, ending: "reset" | "ended"): boolean {
    if (this.#streams.take(stream.id) === undefined) return false;
    this.#deps.ids.closed(stream.id, ending);
    stream.isLocalClosed = true;
    stream.isRemoteClosed = true;
    this.send.drop(stream);
    this.receive.settle(stream);
    this.#deps.onGone();
    return true;
  }
}
