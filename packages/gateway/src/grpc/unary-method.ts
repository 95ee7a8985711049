/** A gRPC method that is answered with one message, whatever answers it. */

import type { Waiter } from "../inference/request-life.ts";
import type { RequestKind } from "../request-counters.ts";
import type { ModelReference, ResolvedModel } from "../routing/model-reference.ts";

/** One call. */
export interface UnaryCall {
  readonly message: Uint8Array;
  readonly namespace: string;
  readonly waiter: Waiter;
  /** The revision that answers; what is observed of the call says so. */
  resolve(reference: ModelReference): ResolvedModel;
}

/** A method; what it throws becomes the status. */
export interface UnaryMethod {
  /** Of its service. */
  readonly name: string;
  readonly kind: RequestKind;
  answer(call: UnaryCall): Uint8Array | Promise<Uint8Array>;
}
