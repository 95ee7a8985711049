/**
 * What the inferences of both versions of the protocol over REST have in common: one answer, coded as the client likes it, or one failure.
 *
 * Hot path. Budget: 0.3 µs a request.
 */
import type { InferenceRequest, InferenceResponse } from "@modelyard/codec";
import type { PlatformError } from "@modelyard/core";
import type { ModelSignature } from "@modelyard/runtimes";
import type { Exchange, ResponseHead } from "@modelyard/wire";
import type { InferenceCall, OutcomeSink } from "../inference/inference-call.ts";
import type { ContentCoding } from "../routing/content-coding.ts";
import type { ResolvedModel } from "../routing/model-reference.ts";
import type { BodyCoder } from "./body-coder.ts";
import { respondCoded } from "./coded-response.ts";

/** What a call is made of. */
export interface RestCallInit {
  readonly exchange: Exchange;
  readonly resolved: ResolvedModel;
  readonly body: Uint8Array;
  readonly answerCoding: ContentCoding;
  readonly coder: BodyCoder;
  readonly sink: OutcomeSink<Exchange>;
}

/** An answer before it is coded. */
export interface RestCallAnswer {
  readonly head: ResponseHead;
  readonly body: Uint8Array;
}

/** One inference over REST. A base class, as a part of its own would be one more object a request. */
export abstract class RestCall implements InferenceCall {
  readonly resolved: ResolvedModel;
  readonly sizeBytes: number;
  abstract readonly deadlineMs: number | undefined;
  readonly #init: RestCallInit;
  /** Whether the outcome was told; the client may have left before. */
  #isSettled = false;

  constructor(init: RestCallInit) {
    this.resolved = init.resolved;
    this.sizeBytes = init.body.length;
    this.#init = init;
  }

  abstract request(signature: ModelSignature): InferenceRequest;

  abstract keep(): void;

  /** Writes an answer in the form of the request. */
  protected abstract write(response: InferenceResponse): RestCallAnswer;

  answer(response: InferenceResponse): void {
    const { exchange, answerCoding: coding, coder, sink } = this.#init;
    if (this.#isSettled || exchange.isOver) return;
    const { head, body } = this.write(response);
    respondCoded(exchange, { head, body, coding }, coder);
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
