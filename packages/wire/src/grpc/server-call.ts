/** The server's side of a gRPC call. */
import { type Clock, type Code, failure, type PlatformError } from "@modelyard/core";
import type { BodyConsumer, Exchange, ResponseStream, WholeResponse } from "../message/exchange.ts";
import type { Field } from "../message/fields.ts";
import { reasonField, refusal } from "../message/refusal.ts";
import { type ResponseHead, responseHead, trailers } from "../message/response-head.ts";
import { acceptedEncodings, answerEncodingOf, compress, type MessageEncoding } from "./message-encoding.ts";
import { copiedMessageBytes, framedMessage, messagePrefix, messagePrefixBytes, writeMessagePrefix } from "./message-framing.ts";
import { statusFields } from "./status.ts";
import { parseTimeout } from "./timeout.ts";

/** A call being answered. */
export interface GrpcCall {
  readonly exchange: Exchange;
  /** `/package.Service/Method`. */
  readonly path: string;
  /** When the client gives up, on the monotonic clock; `undefined` = it waits. */
  readonly deadlineMs: number | undefined;
  /** Whether the call was finished or cancelled; sending is then without effect. */
  readonly isOver: boolean;
  /** Value of a metadata field by its lower-case name. */
  get(name: string): string | undefined;
  /** Sends the one answer and status OK in one write. The message must not change afterwards. */
  respond(message: Uint8Array): void;
  /** The same, of a message behind `messagePrefixBytes` free bytes, which saves a copy. */
  respondBehindPrefix(framed: Uint8Array): void;
  /** Sends one message, which must not change afterwards; `false`: enough is waiting, go on at `onDrain`. */
  send(message: Uint8Array): boolean;
  onDrain(callback: () => void): void;
  /** Ends the call with a status; alone, when nothing was sent before. */
  finish(code: Code | "OK", message?: string, trailerFields?: readonly Field[]): void;
  /** Ends the call with the code, message and reason of an error, and for how long a client that retries by itself should wait (gRPC A6). */
  fail(error: PlatformError): void;
  /** Sets who is called, once, when the client cancels or is lost before the call was finished. */
  onCancel(callback: (error: PlatformError) => void): void;
  /** Stops granting the client more messages; what was granted (at most one window) still arrives. */
  pause(): void;
  resume(): void;
}

/** Options common to both kinds of call. */
export interface GrpcOptions {
  readonly clock: Clock;
  /** Largest message that is accepted; larger ones end the call with RESOURCE_EXHAUSTED. */
  readonly maxMessageBytes: number;
}

const contentType: Field = ["content-type", "application/grpc"];
const acceptEncoding: Field = ["grpc-accept-encoding", acceptedEncodings];
const okHead = responseHead(200, [contentType]);
const encodedHeads: Readonly<Record<MessageEncoding, ResponseHead>> = {
  gzip: responseHead(200, [contentType, ["grpc-encoding", "gzip"], acceptEncoding]),
  deflate: responseHead(200, [contentType, ["grpc-encoding", "deflate"], acceptEncoding]),
};
const okTrailers = trailers([["grpc-status", "0"]]);
/** Of what a client sent, in a message. */
const longestShown = 200;

/** Plain implementation of {@link GrpcCall}. */
export class ServerCall implements GrpcCall {
  readonly exchange: Exchange;
  readonly deadlineMs: number | undefined;
  /** What the client says it compresses its messages with. */
  readonly encoding: string | undefined;
  readonly #answerEncoding: MessageEncoding | undefined;
  #stream: ResponseStream | undefined;
  #isPaused = false;
  #isHeld = false;
  #onDrain: (() => void) | undefined;

  constructor(exchange: Exchange, clock: Clock) {
    this.exchange = exchange;
    this.encoding = exchange.head.get("grpc-encoding");
    this.#answerEncoding =
      this.encoding === undefined ? undefined : answerEncodingOf(this.encoding, exchange.head.get("grpc-accept-encoding"));
    const timeout = exchange.head.get("grpc-timeout");
    const timeoutMs = timeout === undefined ? undefined : parseTimeout(timeout);
    this.deadlineMs = timeoutMs === undefined ? undefined : clock.monotonicMs() + timeoutMs;
  }

  get path(): string {
    return this.exchange.head.path;
  }

  get isOver(): boolean {
    return this.exchange.isOver;
  }

  get(name: string): string | undefined {
    return this.exchange.head.get(name);
  }

  respond(message: Uint8Array): void {
    if (!this.#stream && !this.#answerEncoding && message.length < copiedMessageBytes) {
      this.exchange.respond({ head: okHead, body: framedMessage(message), trailers: okTrailers });
      return;
    }
    this.send(message);
    this.#open().end(okTrailers);
  }

  respondBehindPrefix(framed: Uint8Array): void {
    if (this.#stream || this.#answerEncoding) return this.respond(framed.subarray(messagePrefixBytes));
    writeMessagePrefix(framed, framed.length - messagePrefixBytes);
    this.exchange.respond({ head: okHead, body: framed, trailers: okTrailers });
  }

  send(message: Uint8Array): boolean {
    const stream = this.#open();
    const sent = this.#answerEncoding ? compress(message, this.#answerEncoding) : message;
    const isCompressed = sent !== message;
    if (sent.length < copiedMessageBytes) return stream.write(framedMessage(sent, isCompressed));
    stream.write(messagePrefix(sent.length, isCompressed));
    return stream.write(sent);
  }

  onDrain(callback: () => void): void {
    this.#onDrain = callback;
    this.#stream?.onDrain(callback);
  }

  finish(code: Code | "OK", message = "", trailerFields: readonly Field[] = []): void {
    const fields = [...statusFields(code, message), ...trailerFields];
    if (this.#stream) this.#stream.end(trailers(fields));
    else if (code === "OK") this.exchange.respond({ head: this.#head(), trailers: trailers(fields) });
    else this.exchange.respond({ head: responseHead(200, [contentType, ...fields]) });
  }

  fail(error: PlatformError): void {
    this.finish(error.code, error.message, failureFields(error));
  }

  onCancel(callback: (error: PlatformError) => void): void {
    this.exchange.onAbort(callback);
  }

  pause(): void {
    this.#isPaused = true;
    this.exchange.pauseBody();
  }

  resume(): void {
    this.#isPaused = false;
    if (!this.#isHeld) this.exchange.resumeBody();
  }

  /** Holds the client back whatever the handler says, as long as its messages are not ready to be handed on. */
  holdBody(isHeld: boolean): void {
    this.#isHeld = isHeld;
    if (isHeld) this.exchange.pauseBody();
    else if (!this.#isPaused) this.exchange.resumeBody();
  }

  #open(): ResponseStream {
    if (this.#stream) return this.#stream;
    this.#stream = this.exchange.start(this.#head());
    if (this.#onDrain) this.#stream.onDrain(this.#onDrain);
    return this.#stream;
  }

  #head(): ResponseHead {
    return this.#answerEncoding ? encodedHeads[this.#answerEncoding] : okHead;
  }
}

/** Takes a body that nobody wants. */
export const ignoredBody: BodyConsumer = { onData: () => {}, onEnd: () => {}, onAbort: () => {} };

/** Refuses a request that is not gRPC; whether it did. */
export function refusesNonGrpc(exchange: Exchange): boolean {
  const refused = refusalOfNonGrpc(exchange) ?? refusalOfTimeout(exchange.head.get("grpc-timeout"));
  if (refused) exchange.respond(refused);
  return refused !== undefined;
}

function refusalOfNonGrpc({ protocol, head }: Exchange): WholeResponse | undefined {
  const { method, path } = head;
  const type = head.get("content-type");
  if (protocol !== "h2") return refusal(505, failure("WIRE_MALFORMED", { problem: `gRPC needs HTTP/2, got ${protocol}` }));
  if (!isGrpcContentType(type)) {
    const details = { header: "content-type", actual: type ?? "missing", expected: "application/grpc" };
    return refusal(415, failure("MEDIA_TYPE_NOT_SUPPORTED", details));
  }
  if (method === "POST") return undefined;
  return refusal(405, failure("METHOD_NOT_ALLOWED", { method, path: path.slice(0, longestShown), allow: "POST" }), [["allow", "POST"]]);
}

function refusalOfTimeout(timeout: string | undefined): WholeResponse | undefined {
  if (timeout === undefined || parseTimeout(timeout) !== undefined) return undefined;
  const error = failure("GRPC_MALFORMED", { problem: `grpc-timeout is "${timeout.slice(0, longestShown)}"` });
  return { head: responseHead(200, [contentType, ...statusFields(error.code, error.message), ...failureFields(error)]) };
}

/** The reason for programs, and what helps a client to do better. */
function failureFields({ reason, retryAfterMs }: PlatformError): readonly Field[] {
  const fields: Field[] = [[reasonField, reason]];
  if (retryAfterMs !== undefined) fields.push(["grpc-retry-pushback-ms", String(Math.ceil(retryAfterMs))]);
  if (reason === "GRPC_COMPRESSION") fields.push(acceptEncoding);
  return fields;
}

function isGrpcContentType(value: string | undefined): boolean {
  if (value === undefined || !value.startsWith("application/grpc")) return false;
  const next = value["application/grpc".length];
  return next === undefined || next === "+" || next === ";";
}
