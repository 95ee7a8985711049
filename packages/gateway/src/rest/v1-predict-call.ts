/** An inference by KServe's version 1 of the protocol. */
import {
  type InferenceRequest,
  type InferenceResponse,
  readV1PredictRequest,
  type V1PredictRequest,
  writeV1PredictResponse,
} from "@modelyard/codec";
import type { PlatformError } from "@modelyard/core";
import type { ModelSignature } from "@modelyard/runtimes";
import type { Exchange } from "@modelyard/wire";
import type { InferenceCall, OutcomeSink } from "../inference/inference-call.ts";
import type { ContentCoding } from "../routing/content-coding.ts";
import type { ResolvedModel } from "../routing/model-reference.ts";
import type { BodyCoder } from "./body-coder.ts";
import { respondCoded } from "./coded-response.ts";
import { okHead } from "./json-response.ts";

/** What a call is made of. */
export interface V1PredictCallInit {
  readonly exchange: Exchange;
  readonly resolved: ResolvedModel;
  readonly body: Uint8Array;
  readonly answerCoding: ContentCoding;
  readonly coder: BodyCoder;
  readonly sink: OutcomeSink<Exchange>;
}

/** One prediction. Its form is only known with the model's signature, so it is read when that is. */
export class V1PredictCall implements InferenceCall {
  readonly resolved: ResolvedModel;
  readonly deadlineMs = undefined;
  readonly sizeBytes: number;
  readonly #init: V1PredictCallInit;
  #body: Uint8Array;
  #request: V1PredictRequest | undefined;
  /** Whether the outcome was told; the client may have left before. */
  #isSettled = false;

  constructor(init: V1PredictCallInit) {
    this.resolved = init.resolved;
    this.sizeBytes = init.body.length;
    this.#init = init;
    this.#body = init.body;
  }

  request(signature: ModelSignature): InferenceRequest {
    this.#request ??= readV1PredictRequest(this.#body, signature.inputs);
    return this.#request;
  }

  keep(): void {
    this.#body = new Uint8Array(this.#body);
  }

  answer(response: InferenceResponse): void {
    const { exchange, answerCoding, coder, sink } = this.#init;
    if (this.#isSettled || exchange.isOver) return;
    const form = this.#request?.form ?? "rows";
    const body = Buffer.from(writeV1PredictResponse(response, form));
    respondCoded(exchange, { head: okHead, body, coding: answerCoding }, coder);
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
