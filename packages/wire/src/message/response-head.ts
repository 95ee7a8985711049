/** Heads and trailers of answers, encoded once for each protocol and used for any number of answers on any connection. */
import { assert } from "@modelyard/core";
import type { Field } from "./fields.ts";

/** Head of an answer. Build one with {@link responseHead}. */
export class ResponseHead {
  readonly status: number;
  readonly fields: readonly Field[];

  constructor(status: number, fields: readonly Field[]) {
    this.status = status;
    this.fields = fields;
  }
}

/** Trailer fields of an answer or request. Build them with {@link trailers}. */
export class Trailers {
  readonly fields: readonly Field[];

  constructor(fields: readonly Field[]) {
    this.fields = fields;
  }
}

/**
 * Builds a reusable head. `content-length` is added when the answer is sent.
 *
 * @example const ok = responseHead(200, [["content-type", "application/json"]]);
 */
export function responseHead(status: number, fields: readonly Field[] = []): ResponseHead {
  assert(status >= 200 && status <= 599, `a final status is 200 to 599, not ${status}`);
  return new ResponseHead(status, fields);
}

/** Builds reusable trailers. */
export function trailers(fields: readonly Field[]): Trailers {
  return new Trailers(fields);
}
