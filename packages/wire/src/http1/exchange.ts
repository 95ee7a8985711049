/**
 * One request on an HTTP/1.1 connection and its answer.
 *
 * Hot path. Budget: 0.7 µs a request; an answer is one text and one piece of body.
 */
import { assert, type PlatformError } from "@modelyard/core";
import type { BodyConsumer, ConnectionInfo, Exchange, Protocol, ResetCode, ResponseStream, WholeResponse } from "../message/exchange.ts";
import type { Fields } from "../message/fields.ts";
import type { RequestHead } from "../message/request-head.ts";
import type { ResponseHead, Trailers } from "../message/response-head.ts";
import type { ServerContext } from "../server/connection-driver.ts";
import type { BodySink } from "./body-reader.ts";
import type { ParsedHead } from "./head-parser.ts";

/** What an exchange needs of its connection. */
export interface Http1Output {
  readonly info: ConnectionInfo;
  readonly context: ServerContext;
  readonly isLast: boolean;
  readonly hasRoom: boolean;
  writeText(text: string): void;
  writeBytes(bytes: Uint8Array): void;
  answered(): void;
  reset(): void;
  setBodyPaused(isPaused: boolean): void;
}

const noBytes: Uint8Array = new Uint8Array(0);

/** How an answer in pieces is delimited: `none` sends no body at all, `close` ends with the connection (HTTP/1.0). */
type AnswerFraming = "chunked" | "close" | "none";

/** A request and its answer. */
export class Http1Exchange implements Exchange, ResponseStream, BodySink {
  readonly protocol: Protocol = "http/1.1";
  readonly head: RequestHead;
  readonly #connection: Http1Output;
  readonly #isHttp10: boolean;
  readonly #keepsAlive: boolean;
  #consumer: BodyConsumer | undefined;
  #framing: AnswerFraming = "chunked";
  #onAbort: ((error: PlatformError) => void) | undefined;
  #onDrain: (() => void) | undefined;
  #mustDrain = false;
  isStarted = false;
  isOver = false;
  #hasBodyEnded = false;

  constructor(connection: Http1Output, parsed: ParsedHead) {
    this.#connection = connection;
    this.head = parsed.head;
    this.#isHttp10 = parsed.isHttp10;
    this.#keepsAlive = parsed.keepsAlive;
  }

  get connection(): ConnectionInfo {
    return this.#connection.info;
  }

  /** Whether a client that stops sending is cut off. */
  get expectsBody(): boolean {
    return this.#consumer?.isOpenEnded !== true;
  }

  /** Hands the request to the handler. */
  begin(): void {
    this.#guarded(() => {
      this.#consumer = this.#connection.context.onRequest(this);
    });
  }

  respond(response: WholeResponse): void {
    if (this.isOver) return;
    assert(!this.isStarted, "an exchange is answered once");
    if (response.trailers) {
      const stream = this.start(response.head);
      if (response.body) stream.write(bytesOf(response.body));
      stream.end(response.trailers);
      return;
    }
    const body = bytesOf(response.body ?? noBytes);
    const { status } = response.head;
    this.isStarted = true;
    this.isOver = true;
    this.#dropBody();
    const length = status === 204 || status === 304 ? "" : `content-length: ${body.length}\r\n`;
    this.#connection.writeText(`${response.head.http1Text}${length}${this.#connectionLine()}\r\n`);
    if (body.length > 0 && mayHaveBody(this.head.method, status)) this.#connection.writeBytes(body);
    this.#connection.answered();
  }

  start(head: ResponseHead): ResponseStream {
    if (this.isOver) return this;
    assert(!this.isStarted, "an exchange is answered once");
    this.isStarted = true;
    const isBare = !mayHaveBody(this.head.method, head.status);
    this.#framing = isBare ? "none" : this.#isHttp10 ? "close" : "chunked";
    const framing = this.#isHttp10 || head.status === 204 || head.status === 304 ? "" : "transfer-encoding: chunked\r\n";
    const closing = this.#framing === "close" ? "connection: close\r\n" : this.#connectionLine();
    this.#connection.writeText(`${head.http1Text}${framing}${closing}\r\n`);
    return this;
  }

  write(chunk: Uint8Array): boolean {
    if (this.isOver || chunk.length === 0 || this.#framing === "none") return true;
    if (this.#framing === "chunked") this.#connection.writeText(`${chunk.length.toString(16)}\r\n`);
    this.#connection.writeBytes(chunk);
    if (this.#framing === "chunked") this.#connection.writeText("\r\n");
    this.#mustDrain = !this.#connection.hasRoom;
    return !this.#mustDrain;
  }

  end(trailers?: Trailers): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#dropBody();
    if (this.#framing === "chunked") this.#connection.writeText(`0\r\n${trailers?.http1Text ?? ""}\r\n`);
    this.#connection.answered();
  }

  onDrain(callback: () => void): void {
    this.#onDrain = callback;
  }

  onAbort(callback: (error: PlatformError) => void): void {
    this.#onAbort = callback;
  }

  reset(_code: ResetCode = "CANCEL"): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#dropBody();
    this.#hasBodyEnded = true;
    this.#connection.reset();
  }

  pauseBody(): void {
    if (!this.#hasBodyEnded) this.#connection.setBodyPaused(true);
  }

  resumeBody(): void {
    if (!this.isOver) this.#connection.setBodyPaused(false);
  }

  onData(chunk: Buffer): void {
    if (!this.isOver) this.#guarded(() => this.#consumer?.onData(chunk));
  }

  onEnd(trailers: Fields | undefined): void {
    this.#hasBodyEnded = true;
    if (!this.isOver) this.#guarded(() => this.#consumer?.onEnd(trailers));
  }

  /** The connection cannot go on with this exchange. */
  abort(error: PlatformError): void {
    const isAnswered = this.isOver;
    this.isOver = true;
    if (!this.#hasBodyEnded) {
      this.#hasBodyEnded = true;
      this.#guarded(() => this.#consumer?.onAbort(error));
    }
    if (!isAnswered) this.#guarded(() => this.#onAbort?.(error));
  }

  /** There is room for output again. */
  onWritable(): void {
    if (!this.#mustDrain) return;
    this.#mustDrain = false;
    this.#guarded(() => this.#onDrain?.());
  }

  #dropBody(): void {
    if (!this.#hasBodyEnded) this.#consumer?.onDropped?.();
  }

  #connectionLine(): string {
    if (this.#connection.isLast || !this.#keepsAlive) return "connection: close\r\n";
    return this.#isHttp10 ? "connection: keep-alive\r\n" : "";
  }

  /** A handler that throws loses its exchange. */
  #guarded(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.#connection.context.log.error("request handler failed", error, { method: this.head.method, path: this.head.path });
      this.reset("INTERNAL_ERROR");
    }
  }
}

function bytesOf(body: Uint8Array | string): Uint8Array {
  return typeof body === "string" ? Buffer.from(body) : body;
}

/** Answers that never have a body (RFC 9110 §6.4.1). */
function mayHaveBody(method: string, status: number): boolean {
  return method !== "HEAD" && status !== 204 && status !== 304;
}
