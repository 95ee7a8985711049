/**
 * One request on an HTTP/2 stream.
 *
 * Hot path. Budget: 0.6 µs a request.
 */
import { assert, type PlatformError } from "@modelyard/core";
import type { BodyConsumer, ConnectionInfo, Exchange, Protocol, ResetCode, ResponseStream, WholeResponse } from "../message/exchange.ts";
import type { Fields } from "../message/fields.ts";
import type { RequestHead } from "../message/request-head.ts";
import type { ResponseHead, Trailers } from "../message/response-head.ts";
import type { ServerContext } from "../server/connection-driver.ts";
import type { HeaderBlock } from "./header-reader.ts";
import { Http2Fault } from "./protocol.ts";
import { type ParsedRequest, trailersOf } from "./request-block.ts";
import type { Http2Session } from "./session.ts";
import type { Http2Stream, StreamReceiver } from "./stream.ts";

const noBytes: Uint8Array = new Uint8Array(0);

/** What the exchanges of a connection share. */
export interface Http2ExchangeDeps {
  readonly session: Http2Session;
  readonly context: ServerContext;
  readonly connection: ConnectionInfo;
}

/** A request and its answer. */
export class Http2Exchange implements Exchange, ResponseStream, StreamReceiver {
  readonly protocol: Protocol = "h2";
  readonly head: RequestHead;
  readonly #deps: Http2ExchangeDeps;
  readonly #contentLength: number | undefined;
  readonly #stream: Http2Stream;
  #consumer: BodyConsumer | undefined;
  #receivedBytes = 0;
  #trailers: Fields | undefined;
  #onAbort: ((error: PlatformError) => void) | undefined;
  #onDrain: (() => void) | undefined;
  #isStarted = false;
  #isOver = false;
  #hasBodyEnded = false;

  constructor(deps: Http2ExchangeDeps, streamId: number, request: ParsedRequest) {
    this.#deps = deps;
    this.head = request.head;
    this.#contentLength = request.contentLength;
    this.#stream = deps.session.streams.add(streamId, this, deps.session.peer.initialWindowBytes);
  }

  get connection(): ConnectionInfo {
    return this.#deps.connection;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get expectsBody(): boolean {
    return !this.#hasBodyEnded && this.#consumer?.isOpenEnded !== true;
  }

  /** Hands the request to the handler. */
  begin(): void {
    this.#guarded(() => {
      this.#consumer = this.#deps.context.onRequest(this);
    });
  }

  respond(response: WholeResponse): void {
    if (this.#isOver) return;
    assert(!this.#isStarted, "an exchange is answered once");
    const { head, trailers } = response;
    const body = typeof response.body === "string" ? Buffer.from(response.body) : (response.body ?? noBytes);
    this.#isOver = true;
    this.#dropBody();
    if (trailers) {
      this.#sendHead(head, undefined, false);
      if (body.length > 0) this.#deps.session.streams.write(this.#stream, body);
      this.#deps.session.streams.send.end(this.#stream, trailers.http2Block);
      return;
    }
    const hasBody = body.length > 0 && mayHaveBody(this.head.method, head.status);
    this.#sendHead(head, head.carriesLength ? body.length : undefined, !hasBody);
    if (hasBody) this.#deps.session.streams.writeLast(this.#stream, body);
  }

  start(head: ResponseHead): ResponseStream {
    if (this.#isOver) return this;
    assert(!this.#isStarted, "an exchange is answered once");
    this.#isStarted = true;
    this.#sendHead(head, undefined, false);
    return this;
  }

  write(chunk: Uint8Array): boolean {
    if (this.#isOver || chunk.length === 0 || this.head.method === "HEAD") return true;
    return this.#deps.session.streams.write(this.#stream, chunk);
  }

  end(trailers?: Trailers): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#dropBody();
    this.#deps.session.streams.send.end(this.#stream, trailers?.http2Block);
  }

  onDrain(callback: () => void): void {
    this.#onDrain = callback;
  }

  onAbort(callback: (error: PlatformError) => void): void {
    this.#onAbort = callback;
  }

  reset(code: ResetCode = "CANCEL"): void {
    if (this.#stream.isClosed) return;
    this.#isOver = true;
    this.#dropBody();
    this.#hasBodyEnded = true;
    this.#deps.session.streams.reset(this.#stream, code);
  }

  pauseBody(): void {
    this.#deps.session.streams.setPaused(this.#stream, true);
  }

  resumeBody(): void {
    this.#deps.session.streams.setPaused(this.#stream, false);
  }

  onHeaders(block: HeaderBlock, endsStream: boolean): void {
    if (!endsStream) throw new Http2Fault("PROTOCOL_ERROR", "a second head", this.#stream.id);
    this.#trailers = trailersOf(block, this.#stream.id);
  }

  onData(chunk: Buffer): void {
    this.#receivedBytes += chunk.length;
    if (this.#contentLength !== undefined && this.#receivedBytes > this.#contentLength) this.#lengthFault();
    if (this.#isOver) return;
    this.#guarded(() => this.#consumer?.onData(chunk));
  }

  onEnd(): void {
    if (this.#contentLength !== undefined && this.#receivedBytes !== this.#contentLength) this.#lengthFault();
    this.#hasBodyEnded = true;
    if (this.#isOver) return;
    this.#guarded(() => this.#consumer?.onEnd(this.#trailers));
  }

  onAborted(error: PlatformError): void {
    const isAnswered = this.#isOver;
    this.#isOver = true;
    if (!this.#hasBodyEnded) {
      this.#hasBodyEnded = true;
      this.#guarded(() => this.#consumer?.onAbort(error));
    }
    if (!isAnswered) this.#guarded(() => this.#onAbort?.(error));
  }

  onWritable(): void {
    this.#guarded(() => this.#onDrain?.());
  }

  #dropBody(): void {
    if (!this.#hasBodyEnded) this.#consumer?.onDropped?.();
  }

  #sendHead(head: ResponseHead, contentLength: number | undefined, ends: boolean): void {
    const { writer } = this.#deps.session;
    if (contentLength === undefined) writer.headers(this.#stream.id, head.http2Block, ends);
    else writer.headersWithLength({ streamId: this.#stream.id, block: head.http2Block, contentLength, endsStream: ends });
    if (ends) this.#deps.session.streams.localEnd(this.#stream);
  }

  #lengthFault(): never {
    throw new Http2Fault("PROTOCOL_ERROR", 'body does not have the length of "content-length"', this.#stream.id);
  }

  /** A handler that throws loses its exchange, not the connection. */
  #guarded(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.#deps.context.log.error("request handler failed", error, { method: this.head.method, path: this.head.path });
      this.reset("INTERNAL_ERROR");
    }
  }
}

/** Answers that never have a body (RFC 9110 §6.4.1). */
function mayHaveBody(method: string, status: number): boolean {
  return method !== "HEAD" && status !== 204 && status !== 304;
}
