/** The time a request gives itself. Source: Triton's schedule policy extension; `priority`, its other parameter, has nothing to order here. */
import type { InferenceParameters } from "@modelyard/codec";
import { type Clock, failure } from "@modelyard/core";
import { shownValue } from "../operations/shown-value.ts";

/**
 * When a request is given up, on the monotonic clock: at the deadline of its client or after its parameter `timeout`, whichever is nearer;
 * undefined when it has neither. Fails with `INFERENCE_REQUEST_INVALID`.
 */
export function deadlineMsOf(parameters: InferenceParameters | undefined, clock: Clock, clientDeadlineMs?: number): number | undefined {
  const timeoutMs = timeoutMsOf(parameters);
  if (timeoutMs === undefined) return clientDeadlineMs;
  return Math.min(clock.monotonicMs() + timeoutMs, clientDeadlineMs ?? Number.POSITIVE_INFINITY);
}

/** The parameter `timeout` in milliseconds; undefined when it is absent or 0. */
function timeoutMsOf(parameters: InferenceParameters | undefined): number | undefined {
  const value = parameters?.["timeout"];
  if (value === undefined || value === null) return undefined;
  const micros = typeof value === "bigint" ? Number(value) : value;
  if (typeof micros !== "number" || !Number.isInteger(micros) || micros < 0) {
    const why = `the parameter "timeout" must be a whole number of microseconds, got ${shownValue(value)}`;
    throw failure("INFERENCE_REQUEST_INVALID", { why });
  }
  return micros === 0 ? undefined : micros / 1000;
}
