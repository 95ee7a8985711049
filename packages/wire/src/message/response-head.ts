/** Heads and trailers of answers, encoded once for each protocol and used for any number of answers on any connection. */
import { assert } from "@modelyard/core";
import { statelessBlock } from "../hpack/encoder.ts";
import { isFieldName, isFieldValue } from "./field-syntax.ts";
import type { Field } from "./fields.ts";
import { reasonPhrase } from "./reason-phrase.ts";

/** Head of an answer. Build one with {@link responseHead}. */
export class ResponseHead {
  readonly status: number;
  readonly fields: readonly Field[];
  /** Whether `content-length` is added: not to answers that cannot have a body, nor to gRPC's heads that are trailers at once. */
  readonly carriesLength: boolean;
  #http1Text: string | undefined;
  #http2Block: Buffer | undefined;

  constructor(status: number, fields: readonly Field[]) {
    this.status = status;
    this.fields = fields;
    this.carriesLength = status !== 204 && status !== 304 && !fields.some(([name]) => name === "grpc-status");
  }

  /** Status line and fields of HTTP/1.1, without the empty line that ends them. */
  get http1Text(): string {
    this.#http1Text ??= `HTTP/1.1 ${this.status} ${reasonPhrase(this.status)}\r\n${fieldLines(this.fields)}`;
    return this.#http1Text;
  }

  /** Header block of HTTP/2. */
  get http2Block(): Buffer {
    this.#http2Block ??= statelessBlock([[":status", String(this.status)], ...this.fields]);
    return this.#http2Block;
  }
}

/** Trailer fields of an answer or request. Build them with {@link trailers}. */
export class Trailers {
  readonly fields: readonly Field[];
  #http1Text: string | undefined;
  #http2Block: Buffer | undefined;

  constructor(fields: readonly Field[]) {
    this.fields = fields;
  }

  /** Field lines of HTTP/1.1. */
  get http1Text(): string {
    this.#http1Text ??= fieldLines(this.fields);
    return this.#http1Text;
  }

  /** Header block of HTTP/2. */
  get http2Block(): Buffer {
    this.#http2Block ??= statelessBlock(this.fields);
    return this.#http2Block;
  }
}

/**
 * Builds a reusable head. `content-length` is added when the answer is sent, so it must not be among the fields.
 *
 * @example const ok = responseHead(200, [["content-type", "application/json"]]);
 */
export function responseHead(status: number, fields: readonly Field[] = []): ResponseHead {
  assert(status >= 200 && status <= 599, `a final status is 200 to 599, not ${status}`);
  checkFields(fields);
  return new ResponseHead(status, fields);
}

/** Builds reusable trailers. */
export function trailers(fields: readonly Field[]): Trailers {
  checkFields(fields);
  return new Trailers(fields);
}

/** Fails when a name or value of our own would break a message apart. */
export function checkFields(fields: readonly Field[]): void {
  for (const [name, value] of fields) {
    assert(isFieldName(name), `"${name}" is a lower-case field name`);
    assert(isFieldValue(value), `the value of "${name}" is one line of Latin-1 text`);
  }
}

function fieldLines(fields: readonly Field[]): string {
  return fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
}
