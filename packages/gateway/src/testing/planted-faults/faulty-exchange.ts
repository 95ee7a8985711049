/** An exchange between wire and gateway whose request or answer is changed on the way. */

import type { PlatformError } from "@modelyard/core";
import {
  type BodyConsumer,
  type ConnectionInfo,
  type Exchange,
  type Field,
  type Protocol,
  type RequestHandler,
  type RequestHead,
  type ResetCode,
  type ResponseHead,
  type ResponseStream,
  responseHead,
  type Trailers,
  trailers,
  type WholeResponse,
} from "@modelyard/wire";
import type { PlantedFault } from "./planted-fault.ts";

/** What is changed; what is absent stays as it is. */
export interface ExchangeChange {
  readonly requestHead?: (head: RequestHead) => RequestHead;
  /** The whole body, when it has come. */
  readonly requestBody?: (body: Buffer, head: RequestHead) => Uint8Array;
  /** An answer that is sent whole. */
  readonly answer?: (answer: WholeResponse, head: RequestHead) => WholeResponse;
  /** An answer that is sent in pieces. */
  readonly stream?: (stream: ResponseStream, head: RequestHead) => ResponseStream;
}

/** A fault of what goes between wire and gateway. */
export function exchangeFault(name: string, what: string, change: ExchangeChange): PlantedFault {
  return { name, what, plant: (parts) => ({ ...parts, decorate: (handler) => changed(parts.decorate(handler), change) }) };
}

/** A head with one field set, or left out where the value is undefined. */
export function withField(head: ResponseHead, name: string, value: string | undefined): ResponseHead {
  return responseHead(head.status, replaced(head.fields, name, value));
}

/** The same for trailers. */
export function withTrailer(from: Trailers, name: string, value: string | undefined): Trailers {
  return trailers(replaced(from.fields, name, value));
}

/** A request without a field. */
export function withoutRequestField(head: RequestHead, name: string): RequestHead {
  return requestHead(head, { fields: replaced(head.fields, name, undefined) });
}

/** A request with a field set. */
export function withRequestField(head: RequestHead, name: string, value: string): RequestHead {
  return requestHead(head, { fields: replaced(head.fields, name, value) });
}

/** A request for another path. */
export function withPath(head: RequestHead, path: string): RequestHead {
  return requestHead(head, { path });
}

function requestHead(head: RequestHead, change: Partial<Pick<RequestHead, "fields" | "path">>): RequestHead {
  const { method, scheme, authority, path, fields } = { ...head, ...change };
  return { method, scheme, authority, path, fields, memo: undefined, get: (name) => fields.find(([one]) => one === name)?.[1] };
}

function replaced(fields: readonly Field[], name: string, value: string | undefined): readonly Field[] {
  const others = fields.filter(([one]) => one !== name);
  return value === undefined ? others : [...others, [name, value]];
}

function changed(handler: RequestHandler, change: ExchangeChange): RequestHandler {
  return (exchange) => {
    const faulty = new FaultyExchange(exchange, change);
    const consumer = handler(faulty);
    return change.requestBody ? new ChangedBody(consumer, (body) => change.requestBody?.(body, faulty.head) ?? body) : consumer;
  };
}

class FaultyExchange implements Exchange {
  readonly head: RequestHead;
  readonly #inner: Exchange;
  readonly #change: ExchangeChange;

  constructor(inner: Exchange, change: ExchangeChange) {
    this.head = change.requestHead?.(inner.head) ?? inner.head;
    this.#inner = inner;
    this.#change = change;
  }

  get protocol(): Protocol {
    return this.#inner.protocol;
  }

  get connection(): ConnectionInfo {
    return this.#inner.connection;
  }

  get isOver(): boolean {
    return this.#inner.isOver;
  }

  respond(response: WholeResponse): void {
    this.#inner.respond(this.#change.answer?.(response, this.head) ?? response);
  }

  start(head: ResponseHead): ResponseStream {
    const stream = this.#inner.start(head);
    return this.#change.stream?.(stream, this.head) ?? stream;
  }

  onAbort(callback: (error: PlatformError) => void): void {
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
}

/** Hands a body on in one piece, changed, when it is complete. */
class ChangedBody implements BodyConsumer {
  readonly #inner: BodyConsumer;
  readonly #change: (body: Buffer) => Uint8Array;
  readonly #chunks: Buffer[] = [];

  constructor(inner: BodyConsumer, change: (body: Buffer) => Uint8Array) {
    this.#inner = inner;
    this.#change = change;
  }

  onData(chunk: Uint8Array): void {
    this.#chunks.push(Buffer.from(chunk));
  }

  onEnd(): void {
    const body = this.#change(Buffer.concat(this.#chunks));
    if (body.length > 0) this.#inner.onData(body);
    this.#inner.onEnd();
  }

  onAbort(error: PlatformError): void {
    this.#inner.onAbort(error);
  }
}
