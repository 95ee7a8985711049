/** A call of gRPC-Web as the gRPC call that it carries: handlers see the exchange of a call over HTTP/2, whatever protocol it came by. */
import type { PlatformError } from "@modelyard/core";
import { messagePrefixBytes } from "../grpc/message-framing.ts";
import { statusFields } from "../grpc/status.ts";
import type { ConnectionInfo, Exchange, Protocol, ResetCode, ResponseStream, WholeResponse } from "../message/exchange.ts";
import { type ResponseHead, responseHead, Trailers } from "../message/response-head.ts";
import { trailersMessage, type WebAnswerHeads } from "./web-answer.ts";
import type { WebHead } from "./web-head.ts";

const okHead = responseHead(200, [["content-type", "application/grpc"]]);
const noBytes: Uint8Array = new Uint8Array(0);

/** One call. */
export class WebExchange implements Exchange, ResponseStream {
  /** What gRPC is defined over; how the request came is in `connection`. */
  readonly protocol: Protocol = "h2";
  readonly head: WebHead;
  readonly #inner: Exchange;
  readonly #heads: WebAnswerHeads;
  #stream: ResponseStream | undefined;
  /** The prefix of a large message, which is written before it: encoded with it, so that the text is padded once. */
  #prefix: Uint8Array | undefined;
  #onAbort: ((error: PlatformError) => void) | undefined;

  constructor(inner: Exchange, head: WebHead, heads: WebAnswerHeads) {
    this.#inner = inner;
    this.head = head;
    this.#heads = heads;
  }

  get connection(): ConnectionInfo {
    return this.#inner.connection;
  }

  get isOver(): boolean {
    return this.#inner.isOver;
  }

  respond(response: WholeResponse): void {
    const answer = this.#heads.of(response.head, this.head.answerForm);
    if (!answer) {
      this.#inner.respond(response);
      return;
    }
    const { body = noBytes, trailers = answer.trailers } = response;
    const pieces = [typeof body === "string" ? Buffer.from(body) : body, trailers ? trailersMessage(trailers) : noBytes];
    this.#inner.respond({ head: answer.head, body: this.#encoded(Buffer.concat(pieces)) });
  }

  start(head: ResponseHead): ResponseStream {
    const answer = this.#heads.of(head, this.head.answerForm);
    if (!answer) return this.#inner.start(head);
    this.#stream = this.#inner.start(answer.head);
    return this;
  }

  write(chunk: Uint8Array): boolean {
    if (this.head.answerForm === "text" && chunk.length === messagePrefixBytes && isFollowed(chunk)) {
      this.#prefix = chunk;
      return true;
    }
    const whole = this.#prefix ? Buffer.concat([this.#prefix, chunk]) : chunk;
    this.#prefix = undefined;
    return this.#stream?.write(this.#encoded(whole)) ?? true;
  }

  onDrain(callback: () => void): void {
    this.#stream?.onDrain(callback);
  }

  end(trailers?: Trailers): void {
    if (trailers) this.#stream?.write(this.#encoded(trailersMessage(trailers)));
    this.#stream?.end();
  }

  onAbort(callback: (error: PlatformError) => void): void {
    this.#onAbort = callback;
    this.#inner.onAbort(callback);
  }

  reset(code?: ResetCode): void {
    this.#inner.reset(code);
  }

  pauseBody(): void {
    this.#inner.pauseBody();
  }

  resumeBody(): void {
    this.#inner.resumeBody();
  }

  /** Ends a call whose body cannot be read: its handler is told that it was aborted, its client why. */
  breakOff(error: PlatformError): void {
    if (this.#inner.isOver) return;
    this.#onAbort?.(error);
    const trailers = new Trailers(statusFields(error.code, error.message));
    if (this.#stream) this.end(trailers);
    else this.respond({ head: okHead, trailers });
  }

  #encoded(bytes: Uint8Array): Uint8Array {
    if (this.head.answerForm === "binary") return bytes;
    return Buffer.from(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64"), "latin1");
  }
}

/** Whether a prefix says that its message has any bytes. */
function isFollowed(prefix: Uint8Array): boolean {
  return prefix[1] !== 0 || prefix[2] !== 0 || prefix[3] !== 0 || prefix[4] !== 0;
}
