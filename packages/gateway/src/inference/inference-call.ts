/** One inference as its protocol face presents it to the runner. */
import type { InferenceRequest, InferenceResponse } from "@modelyard/codec";
import type { ModelSignature } from "@modelyard/runtimes";
import type { ResolvedModel } from "../routing/model-reference.ts";
import type { Waiter } from "./request-life.ts";

/** A request to be run. Answering or failing twice, or after the client went away, is without effect. */
export interface InferenceCall extends Waiter {
  readonly resolved: ResolvedModel;
  /** Bytes that waiting keeps in memory. */
  readonly sizeBytes: number;
  /** The request; its contents may be views of the read buffer until {@link InferenceCall.keep} is called. */
  request(signature: ModelSignature): InferenceRequest;
  /** Makes the request independent of the read buffer. Called before anything is waited for but the end of the turn of the event loop. */
  keep(): void;
  answer(response: InferenceResponse): void;
  fail(error: unknown): void;
}

/** Where the outcome of an inference goes besides its client: counters and logs. One for all calls of a face. */
export interface OutcomeSink<C> {
  answered(): void;
  /** Tells the client, too, if it is still there. */
  failed(call: C, error: unknown): void;
}
