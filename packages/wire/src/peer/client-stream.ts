/** One request on an HTTP/2 connection to a peer. */
import type { PlatformError } from "@modelyard/core";
import type { HeaderBlock } from "../http2/header-reader.ts";
import { Http2Fault } from "../http2/protocol.ts";
import { trailersOf } from "../http2/request-block.ts";
import type { Http2Session } from "../http2/session.ts";
import type { Http2Stream, StreamReceiver } from "../http2/stream.ts";
import type { ResetCode } from "../message/exchange.ts";
import type { Fields } from "../message/fields.ts";
import type { Trailers } from "../message/response-head.ts";
import type { PeerReceiver, PeerRequest, PeerStream } from "./contract.ts";
import { responseOf } from "./response-block.ts";

/** A request, first waiting for its turn, then a stream. */
export class ClientStream implements PeerStream, StreamReceiver {
  readonly request: PeerRequest;
  readonly expectsBody = false;
  readonly #session: Http2Session;
  readonly #receiver: PeerReceiver;
  readonly #onOver: () => void;
  #stream: Http2Stream | undefined;
  /** Body written before the stream was opened; `write` returned `false` for each. */
  #early: Uint8Array[] = [];
  #endedEarly: { readonly trailers: Trailers | undefined } | undefined;
  #isPaused = false;
  #hasHead = false;
  #trailers: Fields | undefined;
  #isOver = false;

  constructor(session: Http2Session, request: PeerRequest, outcome: { readonly receiver: PeerReceiver; readonly onOver: () => void }) {
    this.#session = session;
    this.request = request;
    this.#receiver = outcome.receiver;
    this.#onOver = outcome.onOver;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Sends the head and what was written so far. */
  open(streamId: number, block: Buffer): void {
    const stream = this.#session.streams.add(streamId, this, this.#session.peer.initialWindowBytes);
    this.#stream = stream;
    if (this.#isPaused) this.#session.streams.setPaused(stream, true);
    const { body } = this.request;
    const hasBody = body === undefined ? !this.#endedEarly || this.#early.length > 0 || this.#endedEarly.trailers : body.length > 0;
    this.#session.writer.headers(streamId, block, !hasBody);
    if (!hasBody) this.#session.streams.localEnd(stream);
    else if (body) this.#session.streams.writeLast(stream, body);
    else this.#sendEarly(stream);
  }

  write(chunk: Uint8Array): boolean {
    if (this.#isOver || chunk.length === 0) return true;
    if (this.#stream) return this.#session.streams.write(this.#stream, chunk);
    this.#early.push(chunk);
    return false;
  }

  end(trailers?: Trailers): void {
    if (this.#isOver || this.request.body) return;
    if (this.#stream) this.#session.streams.send.end(this.#stream, trailers?.http2Block);
    else this.#endedEarly = { trailers };
  }

  cancel(code: ResetCode = "CANCEL"): void {
    if (!this.#finish()) return;
    if (this.#stream) this.#session.streams.reset(this.#stream, code);
  }

  pause(): void {
    this.#setPaused(true);
  }

  resume(): void {
    this.#setPaused(false);
  }

  onHeaders(block: HeaderBlock, endsStream: boolean): void {
    const streamId = this.#stream?.id ?? 0;
    if (this.#hasHead) {
      if (!endsStream) throw new Http2Fault("PROTOCOL_ERROR", "a second head", streamId);
      this.#trailers = trailersOf(block, streamId);
      return;
    }
    const head = responseOf(block, streamId);
    // Informational answers are of no use here.
    if (head.status < 200) return;
    this.#hasHead = true;
    if (!this.#isOver) this.#receiver.onHead(head);
  }

  onData(chunk: Buffer): void {
    if (!this.#hasHead) throw new Http2Fault("PROTOCOL_ERROR", "DATA before the head", this.#stream?.id ?? 0);
    if (!this.#isOver) this.#receiver.onData(chunk);
  }

  onEnd(): void {
    if (!this.#hasHead) throw new Http2Fault("PROTOCOL_ERROR", "end before the head", this.#stream?.id ?? 0);
    const wasOver = !this.#finish();
    // Whatever is left of the request is of no use to the peer (RFC 9113 §8.1).
    if (this.#stream && !this.#stream.isLocalClosed) this.#session.streams.reset(this.#stream, "CANCEL");
    if (!wasOver) this.#receiver.onEnd(this.#trailers);
  }

  onAborted(error: PlatformError): void {
    if (this.#finish()) this.#receiver.onError(error);
  }

  onWritable(): void {
    if (!this.#isOver) this.#receiver.onDrain?.();
  }

  #setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (this.#stream) this.#session.streams.setPaused(this.#stream, isPaused);
  }

  #sendEarly(stream: Http2Stream): void {
    const early = this.#early;
    this.#early = [];
    let isSent = true;
    for (const chunk of early) isSent = this.#session.streams.write(stream, chunk);
    if (this.#endedEarly) this.#session.streams.send.end(stream, this.#endedEarly.trailers?.http2Block);
    else if (early.length > 0 && isSent) this.onWritable();
  }

  #finish(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#onOver();
    return true;
  }
}
