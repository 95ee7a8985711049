/**
 * Sends DATA within the peer's windows (RFC 9113 §5.2) and no faster than the socket takes it; the rest waits in the queues of its streams,
 * which take turns.
 *
 * Hot path. Budget: 0.2 µs an answer.
 */
import type { BufferBudget } from "../socket/buffer-budget.ts";
import type { Outbox } from "../socket/outbox.ts";
import type { FrameWriter } from "./frame-writer.ts";
import { defaultWindowBytes, Http2Fault, maxWindowBytes } from "./protocol.ts";
import type { Http2Stream } from "./stream.ts";

/** Output waiting at the socket beyond which body stays in the queues of streams. */
const outputHighWaterBytes = 256 * 1024;

/** Bytes a stream may send before the next one has its turn. */
const turnBytes = 64 * 1024;

/** What a {@link SendFlow} works on. */
export interface SendFlowDeps {
  readonly outbox: Outbox;
  readonly writer: FrameWriter;
  /** The stream's own side has ended. */
  readonly onLocalEnd: (stream: Http2Stream) => void;
  /** Told of what waits. Default: nobody is. */
  readonly budget?: BufferBudget | undefined;
}

/** Sending side of the flow control of one connection. */
export class SendFlow {
  readonly #deps: SendFlowDeps;
  readonly #waiting = new Set<Http2Stream>();
  #windowBytes = defaultWindowBytes;
  #queuedBytes = 0;
  #sentBytes = 0;

  constructor(deps: SendFlowDeps) {
    this.#deps = deps;
  }

  /** What the peer lets us send on the connection. */
  get windowBytes(): number {
    return this.#windowBytes;
  }

  /** Body waiting in all streams. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Body sent on all streams so far. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** Sends or queues body; `false` when some of it waits. Without effect, as the next two, when our side of the stream has ended. */
  write(stream: Http2Stream, chunk: Uint8Array): boolean {
    if (stream.isLocalClosed) return true;
    const sent = stream.hasQueue ? 0 : this.#transmit(stream, chunk, chunk.length);
    if (sent === chunk.length) return true;
    this.#enqueue(stream, sent === 0 ? chunk : chunk.subarray(sent));
    return false;
  }

  /** Sends the last of the body with END_STREAM on its frame. */
  writeLast(stream: Http2Stream, chunk: Uint8Array): void {
    if (stream.isLocalClosed) return;
    if (!stream.hasQueue && this.#capacity(stream) >= chunk.length && chunk.length <= this.#deps.writer.maxFrameBytes) {
      this.#sendFrame(stream, chunk, true);
      this.#deps.onLocalEnd(stream);
      return;
    }
    this.write(stream, chunk);
    this.end(stream, undefined);
  }

  /** Ends our side of the stream after what is queued. */
  end(stream: Http2Stream, trailers: Buffer | undefined): void {
    if (stream.isLocalClosed) return;
    if (stream.hasQueue) {
      stream.endIsQueued = true;
      stream.queuedTrailers = trailers;
      return;
    }
    this.#sendEnd(stream, trailers);
  }

  /** Forgets a stream that was reset. */
  drop(stream: Http2Stream): void {
    if (this.#waiting.size === 0 || !this.#waiting.delete(stream)) return;
    this.#queue(-stream.dropQueue());
  }

  /** A WINDOW_UPDATE for the connection (§6.9). */
  growConnection(increment: number): void {
    this.#windowBytes += increment;
    if (this.#windowBytes > maxWindowBytes) throw new Http2Fault("FLOW_CONTROL_ERROR", "connection window too large");
    this.pump();
  }

  /** A WINDOW_UPDATE for a stream, or a change of the initial window (§6.9.2). */
  growStream(stream: Http2Stream, increment: number): void {
    stream.sendWindow += increment;
    if (stream.sendWindow > maxWindowBytes) throw new Http2Fault("FLOW_CONTROL_ERROR", "stream window too large", stream.id);
    // Only this one can go on: looking at all, for each of many streams, is what a peer that plays with its windows would like.
    let isMoving = this.#waiting.has(stream);
    while (isMoving) isMoving = this.#pumpStream(stream) && stream.hasQueue;
  }

  /** Sends what the windows and the socket now allow. */
  pump(): void {
    let isMoving = this.#waiting.size > 0;
    while (isMoving) {
      isMoving = false;
      for (const stream of this.#waiting) {
        if (this.#pumpStream(stream)) isMoving = true;
      }
    }
  }

  /** One turn of a stream; whether anything was sent. */
  #pumpStream(stream: Http2Stream): boolean {
    const before = stream.queuedBytes;
    let turn = turnBytes;
    while (turn > 0 && stream.queue.length > 0) {
      const sent = this.#sendFirst(stream, turn);
      if (sent === 0) break;
      turn -= sent;
    }
    if (stream.queue.length === 0) this.#finishQueue(stream);
    return stream.queuedBytes < before;
  }

  #sendFirst(stream: Http2Stream, atMost: number): number {
    const [first] = stream.queue;
    if (!first) return 0;
    const sent = this.#transmit(stream, first, atMost);
    if (sent === first.length) stream.queue.shift();
    else if (sent > 0) stream.queue[0] = first.subarray(sent);
    stream.queuedBytes -= sent;
    this.#queue(-sent);
    return sent;
  }

  #finishQueue(stream: Http2Stream): void {
    this.#waiting.delete(stream);
    if (!stream.endIsQueued) {
      stream.receiver.onWritable();
      return;
    }
    const trailers = stream.queuedTrailers;
    stream.dropQueue();
    this.#sendEnd(stream, trailers);
  }

  #sendEnd(stream: Http2Stream, trailers: Buffer | undefined): void {
    const { writer } = this.#deps;
    if (trailers) writer.headers(stream.id, trailers, true);
    else writer.data(stream.id, noBytes, true);
    this.#deps.onLocalEnd(stream);
  }

  #enqueue(stream: Http2Stream, chunk: Uint8Array): void {
    stream.queue.push(chunk);
    stream.queuedBytes += chunk.length;
    this.#queue(chunk.length);
    this.#waiting.add(stream);
  }

  #queue(bytes: number): void {
    this.#queuedBytes += bytes;
    this.#deps.budget?.move(bytes);
  }

  #capacity(stream: Http2Stream): number {
    if (this.#deps.outbox.backlogBytes >= outputHighWaterBytes) return 0;
    return Math.min(this.#windowBytes, stream.sendWindow);
  }

  /** Sends as much of `chunk` as is allowed, `atMost` as given; returns how many bytes that were. */
  #transmit(stream: Http2Stream, chunk: Uint8Array, atMost: number): number {
    const { maxFrameBytes } = this.#deps.writer;
    let sent = 0;
    while (sent < chunk.length && sent < atMost) {
      const size = Math.min(this.#capacity(stream), maxFrameBytes, chunk.length - sent, atMost - sent);
      if (size <= 0) break;
      this.#sendFrame(stream, size === chunk.length ? chunk : chunk.subarray(sent, sent + size), false);
      sent += size;
    }
    return sent;
  }

  #sendFrame(stream: Http2Stream, payload: Uint8Array, endsStream: boolean): void {
    this.#windowBytes -= payload.length;
    this.#sentBytes += payload.length;
    stream.sendWindow -= payload.length;
    stream.sentBytes += payload.length;
    this.#deps.writer.data(stream.id, payload, endsStream);
  }
}

const noBytes: Uint8Array = new Uint8Array(0);
