/**
 * `ModelStreamInfer`: one reply to each request of a stream, in the order of the requests. What goes wrong with a request is told in its
 * reply, with its id, and the stream goes on.
 *
 * Bounded: at most {@link maxStreamedInferences} requests of a stream run at once, and none is begun while the client does not read. The client
 * is paused then; what it was granted before, at most one flow-control window, waits here.
 */
import {
  type GrpcInferenceRequest,
  type InferenceResponse,
  readGrpcInferRequest,
  writeGrpcStreamError,
  writeGrpcStreamResponse,
} from "@modelyard/codec";
import { type Clock, failure, PlatformError, type Timer } from "@modelyard/core";
import type { GrpcCall, GrpcMessageHandlers } from "@modelyard/wire";
import type { InferenceCall } from "../inference/inference-call.ts";
import type { InferenceRunner } from "../inference/inference-runner.ts";
import { deadlineMsOf } from "../inference/request-timeout.ts";
import type { ResolvedModel } from "../routing/model-reference.ts";

/** Requests of one stream that run or wait for their turn to be answered. */
export const maxStreamedInferences = 64;

/** What {@link InferStream} is given. */
export interface InferStreamDeps {
  readonly clock: Clock;
  readonly runner: InferenceRunner;
  /** The revision that answers a request. */
  resolve(request: GrpcInferenceRequest): ResolvedModel;
  /** A request was answered. */
  answered(): void;
  /** A request was refused or failed. */
  failed(error: PlatformError): void;
}

/** A request whose reply is due at its place in the order. */
interface Slot {
  reply: Uint8Array | undefined;
  /** Until it has an outcome. */
  running: StreamedInference | undefined;
}

/** One stream. */
export class InferStream implements GrpcMessageHandlers {
  readonly #call: GrpcCall;
  readonly #deps: InferStreamDeps;
  readonly #slots: Slot[] = [];
  /** Copies of the requests that came after the client was paused. */
  readonly #waiting: Uint8Array[] = [];
  readonly #deadline: Timer | undefined;
  #isBlocked = false;
  #isPaused = false;
  #isAdvancing = false;
  #hasEnded = false;

  constructor(call: GrpcCall, deps: InferStreamDeps) {
    this.#call = call;
    this.#deps = deps;
    call.onDrain(() => this.#unblock());
    call.onCancel((error) => this.#stop(error));
    if (call.deadlineMs === undefined) return;
    const limitMs = Math.max(call.deadlineMs - deps.clock.monotonicMs(), 0);
    this.#deadline = deps.clock.setTimer(limitMs, () => this.#expire(limitMs), { background: true });
  }

  onMessage(message: Uint8Array): void {
    if (this.#hasRoom && this.#waiting.length === 0) this.#begin(message);
    else this.#waiting.push(new Uint8Array(message));
    this.#advance();
  }

  onEnd(): void {
    this.#hasEnded = true;
    this.#advance();
  }

  onBroken(error: PlatformError): void {
    this.#deps.failed(error);
    this.#stop(error);
  }

  get #hasRoom(): boolean {
    return !this.#isBlocked && this.#slots.length < maxStreamedInferences;
  }

  #begin(message: Uint8Array): void {
    const slot: Slot = { reply: undefined, running: undefined };
    this.#slots.push(slot);
    let id = "";
    try {
      const request = readGrpcInferRequest(message);
      id = request.id;
      const resolved = this.#deps.resolve(request);
      const { clock } = this.#deps;
      const inference = new StreamedInference({ call: this.#call, resolved, message, request, clock }, (outcome) => {
        slot.running = undefined;
        this.#settle(slot, outcome);
      });
      slot.running = inference;
      this.#deps.runner.start(inference);
    } catch (error) {
      this.#settle(slot, { error, id });
    }
  }

  #settle(slot: Slot, outcome: Outcome): void {
    if ("reply" in outcome) {
      slot.reply = outcome.reply;
      this.#deps.answered();
    } else {
      const error = PlatformError.from(outcome.error);
      slot.reply = writeGrpcStreamError(error.message, outcome.id);
      this.#deps.failed(error);
    }
    this.#advance();
  }

  /** Sends what is due, begins what waits, and tells the client whether to go on. Entered again from within, it leaves the work to the outer one. */
  #advance(): void {
    if (this.#isAdvancing || this.#call.isOver) return;
    this.#isAdvancing = true;
    do this.#sendDue();
    while (this.#beginNext());
    this.#isAdvancing = false;
    if (this.#hasEnded && this.#slots.length === 0 && this.#waiting.length === 0) this.#finish();
    else this.#setPaused(!this.#hasRoom);
  }

  #sendDue(): void {
    while (!this.#isBlocked && this.#slots[0]?.reply) {
      const reply = this.#slots.shift()?.reply;
      if (reply) this.#isBlocked = !this.#call.send(reply);
    }
  }

  #beginNext(): boolean {
    const next = this.#hasRoom ? this.#waiting.shift() : undefined;
    if (next) this.#begin(next);
    return next !== undefined;
  }

  #setPaused(isPaused: boolean): void {
    if (this.#isPaused === isPaused) return;
    this.#isPaused = isPaused;
    if (isPaused) this.#call.pause();
    else this.#call.resume();
  }

  #unblock(): void {
    this.#isBlocked = false;
    this.#advance();
  }

  #finish(): void {
    this.#deadline?.cancel();
    this.#call.finish("OK");
  }

  #expire(limitMs: number): void {
    const error = failure("DEADLINE_EXCEEDED", { what: "The stream", limitMs: Math.round(limitMs) });
    if (!this.#call.isOver) this.#call.fail(error);
    this.#stop(error);
  }

  /** Nobody reads any more: what runs is given up. */
  #stop(error: PlatformError): void {
    this.#deadline?.cancel();
    this.#waiting.length = 0;
    for (const { running } of this.#slots.splice(0)) running?.leave(error);
  }
}

type Outcome = { readonly reply: Uint8Array } | { readonly error: unknown; readonly id: string };

/** What one inference of a stream is made of. */
interface StreamedInferenceInit {
  readonly call: GrpcCall;
  readonly resolved: ResolvedModel;
  readonly message: Uint8Array;
  /** Read from `message`. */
  readonly request: GrpcInferenceRequest;
  readonly clock: Clock;
}

/** One inference of a stream. */
class StreamedInference implements InferenceCall {
  readonly resolved: ResolvedModel;
  readonly deadlineMs: number | undefined;
  readonly sizeBytes: number;
  readonly #init: StreamedInferenceInit;
  readonly #onOutcome: (outcome: Outcome) => void;
  #request: GrpcInferenceRequest;
  #onGone: ((error: PlatformError) => void) | undefined;
  #isSettled = false;

  constructor(init: StreamedInferenceInit, onOutcome: (outcome: Outcome) => void) {
    this.resolved = init.resolved;
    this.deadlineMs = deadlineMsOf(init.request.parameters, init.clock, init.call.deadlineMs);
    this.sizeBytes = init.message.length;
    this.#init = init;
    this.#request = init.request;
    this.#onOutcome = onOutcome;
  }

  request(): GrpcInferenceRequest {
    return this.#request;
  }

  keep(): void {
    this.#request = readGrpcInferRequest(new Uint8Array(this.#init.message));
  }

  answer(response: InferenceResponse): void {
    if (this.#isSettled || this.#init.call.isOver) return;
    const saysFinal = this.#request.parameters?.[emptyFinalParameter] === true;
    const reply = writeGrpcStreamResponse(response, { isRaw: this.#request.isRaw, saysFinal });
    this.#isSettled = true;
    this.#onOutcome({ reply });
  }

  fail(error: unknown): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#onOutcome({ error, id: this.#request.id });
  }

  onGone(callback: (error: PlatformError) => void): void {
    this.#onGone = callback;
  }

  /** The client went away, or its time is up. */
  leave(error: PlatformError): void {
    this.#onGone?.(error);
    this.fail(error);
  }
}

/** Asks for an empty last reply, which a model with one reply to each request gives by marking that one as the last. Source: Triton, "Decoupled Backends and Models". */
const emptyFinalParameter = "triton_enable_empty_final_response";
