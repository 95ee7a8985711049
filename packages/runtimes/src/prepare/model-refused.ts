/** A model that cannot be served, with the reason its owner sees. Stays inside prepare; the parent turns it into `MODEL_LOAD_FAILED`. */
import { PlatformError } from "@modelyard/core";
import { isOutOfMemory, ortReason } from "../onnx/ort-reason.ts";

/** See above; the message is the public reason. */
export class ModelRefused extends Error {
  /** Turns what ONNX Runtime threw into a refusal; errors that are ours are passed on as they are. */
  static by(error: unknown): ModelRefused {
    if (error instanceof ModelRefused) return error;
    if (PlatformError.is(error)) return new ModelRefused(error.message, { cause: error });
    const reason = ortReason(error);
    const why = isOutOfMemory(error) ? `it asks for more memory than it may have: ${reason}` : reason;
    return new ModelRefused(why, { cause: error });
  }
}
