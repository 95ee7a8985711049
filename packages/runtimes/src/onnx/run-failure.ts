/** What ONNX Runtime throws in a run, as the caller sees it. */
import { failure, PlatformError } from "@modelyard/core";
import { isOutOfMemory, ortReason } from "./ort-reason.ts";

/** The public failure of a run. */
export function runFailure(error: unknown): PlatformError {
  if (PlatformError.is(error)) return error;
  const reason = isOutOfMemory(error) ? "RUN_OUT_OF_MEMORY" : "RUN_FAILED";
  return failure(reason, { why: ortReason(error) }, { cause: error });
}
