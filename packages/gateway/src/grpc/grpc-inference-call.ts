/** An inference over gRPC. */
import { type GrpcInferenceRequest, type GrpcInferForm, type InferenceResponse, readGrpcInferRequest } from "@modelyard/codec";
import type { Clock, PlatformError } from "@modelyard/core";
import type { GrpcCall } from "@modelyard/wire";
import type { InferenceCall, OutcomeSink } from "../inference/inference-call.ts";
import { deadlineMsOf } from "../inference/request-timeout.ts";
import type { ResolvedModel } from "../routing/model-reference.ts";

/** What a call is made of. */
export interface GrpcInferenceCallInit {
  readonly call: GrpcCall;
  readonly resolved: ResolvedModel;
  readonly message: Uint8Array;
  /** Read from `message`. */
  readonly request: GrpcInferenceRequest;
  /** Writes the answer. */
  readonly form: GrpcInferForm;
  readonly clock: Clock;
  readonly sink: OutcomeSink<GrpcCall>;
}

/** One inference over gRPC. The answer takes the form of the request: raw to raw, typed to typed. */
export class GrpcInferenceCall implements InferenceCall {
  readonly resolved: ResolvedModel;
  readonly deadlineMs: number | undefined;
  readonly sizeBytes: number;
  readonly #init: GrpcInferenceCallInit;
  #request: GrpcInferenceRequest;
  /** Whether the outcome was told; the client may have left before. */
  #isSettled = false;

  /** Fails when the request's own time limit is none. */
  constructor(init: GrpcInferenceCallInit) {
    this.resolved = init.resolved;
    this.deadlineMs = deadlineMsOf(init.request.parameters, init.clock, init.call.deadlineMs);
    this.sizeBytes = init.message.length;
    this.#init = init;
    this.#request = init.request;
  }

  request(): GrpcInferenceRequest {
    return this.#request;
  }

  keep(): void {
    this.#request = readGrpcInferRequest(new Uint8Array(this.#init.message));
  }

  answer(response: InferenceResponse): void {
    const { call, sink, form } = this.#init;
    if (this.#isSettled || call.isOver) return;
    call.respondBehindPrefix(form.write(response, this.#request.isRaw));
    this.#isSettled = true;
    sink.answered();
  }

  fail(error: unknown): void {
    const { call, sink } = this.#init;
    if (this.#isSettled) return;
    this.#isSettled = true;
    sink.failed(call, error);
  }

  onGone(callback: (error: PlatformError) => void): void {
    this.#init.call.onCancel(callback);
  }
}
