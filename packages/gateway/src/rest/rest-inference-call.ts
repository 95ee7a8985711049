/** An inference over REST. */
import {
  type InferenceRequest,
  type InferenceResponse,
  type RestInferenceRequest,
  readRestInferRequest,
  writeRestInferResponse,
} from "@modelyard/codec";
import type { Clock, PlatformError } from "@modelyard/core";
import type { ModelSignature } from "@modelyard/runtimes";
import { type Exchange, type ResponseHead, responseHead } from "@modelyard/wire";
import type { InferenceCall, OutcomeSink } from "../inference/inference-call.ts";
import { deadlineMsOf } from "../inference/request-timeout.ts";
import type { ContentCoding } from "../routing/content-coding.ts";
import type { ResolvedModel } from "../routing/model-reference.ts";
import { jsonLengthHeader } from "../routing/rest-target.ts";
import type { BodyCoder } from "./body-coder.ts";
import { respondCoded } from "./coded-response.ts";
import { okHead } from "./json-response.ts";
import { rawBodyRequest } from "./raw-body-request.ts";

/** What a call is made of. */
export interface RestInferenceCallInit {
  readonly exchange: Exchange;
  readonly resolved: ResolvedModel;
  readonly body: Uint8Array;
  /** Bytes of the body that are JSON; undefined: all of it; 0: it is one raw input. */
  readonly jsonLength: number | undefined;
  readonly binaryHeads: BinaryHeads;
  readonly answerCoding: ContentCoding;
  readonly coder: BodyCoder;
  readonly clock: Clock;
  readonly sink: OutcomeSink<Exchange>;
}

/** One inference over REST. */
export class RestInferenceCall implements InferenceCall {
  readonly resolved: ResolvedModel;
  readonly deadlineMs: number | undefined;
  readonly sizeBytes: number;
  readonly #init: RestInferenceCallInit;
  #body: Uint8Array;
  #request: RestInferenceRequest | undefined;
  /** Whether the outcome was told; the client may have left before. */
  #isSettled = false;

  /** Reads the request, as far as that needs no model; fails with a reason of `codec`. */
  constructor(init: RestInferenceCallInit) {
    this.resolved = init.resolved;
    this.sizeBytes = init.body.length;
    this.#init = init;
    this.#body = init.body;
    if (init.jsonLength !== 0) this.#request = readRestInferRequest(init.body, init.jsonLength);
    this.deadlineMs = deadlineMsOf(this.#request?.parameters, init.clock);
  }

  request(signature: ModelSignature): InferenceRequest {
    this.#request ??= rawBodyRequest(this.#body, signature);
    return this.#request;
  }

  keep(): void {
    const { jsonLength } = this.#init;
    // What was parsed from JSON refers to no buffer.
    if (jsonLength === undefined) return;
    this.#body = new Uint8Array(this.#body);
    this.#request = jsonLength === 0 ? undefined : readRestInferRequest(this.#body, jsonLength);
  }

  answer(response: InferenceResponse): void {
    const { exchange, binaryHeads, answerCoding, coder, sink } = this.#init;
    if (this.#isSettled || exchange.isOver) return;
    const request = this.#request;
    const isBinary = (index: number): boolean => request?.outputs[index]?.isBinary ?? request?.isBinaryByDefault ?? false;
    const { bytes, jsonLength } = writeRestInferResponse(response, isBinary);
    const head = jsonLength === undefined ? okHead : binaryHeads.of(jsonLength);
    respondCoded(exchange, { head, body: bytes, coding: answerCoding }, coder);
    this.#isSettled = true;
    sink.answered();
  }

  fail(error: unknown): void {
    const { exchange, sink } = this.#init;
    if (this.#isSettled) return;
    this.#isSettled = true;
    sink.failed(exchange, error);
  }

  onGone(callback: (error: PlatformError) => void): void {
    this.#init.exchange.onAbort(callback);
  }
}

/** Heads of answers with binary data, by the length of their JSON: the answers of one model mostly have the same. */
export class BinaryHeads {
  readonly #heads = new Map<number, ResponseHead>();

  of(jsonLength: number): ResponseHead {
    const known = this.#heads.get(jsonLength);
    if (known) return known;
    const head = responseHead(200, [
      ["content-type", "application/octet-stream"],
      [jsonLengthHeader, String(jsonLength)],
    ]);
    if (this.#heads.size >= maxHeads) this.#heads.clear();
    this.#heads.set(jsonLength, head);
    return head;
  }
}

const maxHeads = 256;
