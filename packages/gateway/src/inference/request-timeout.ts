/** The time a request gives itself. Source: Triton's schedule policy extension; `priority`, its other parameter, has nothing to order here. */
import type { InferenceParameters } from "@modelyard/codec";
import { failure } from "@modelyard/core";
import { shownValue } from "../operations/shown-value.ts";

/** The parameter `timeout` in milliseconds; undefined when it is absent or 0. Fails with `INFERENCE_REQUEST_INVALID`. */
export function timeoutMsOf(parameters: InferenceParameters | undefined): number | undefined {
  const value = parameters?.["timeout"];
  if (value === undefined || value === null) return undefined;
  const micros = typeof value === "bigint" ? Number(value) : value;
  if (typeof micros !== "number" || !Number.isInteger(micros) || micros < 0) {
    const why = `the parameter "timeout" must be a whole number of microseconds, got ${shownValue(value)}`;
    throw failure("INFERENCE_REQUEST_INVALID", { why });
  }
  return micros === 0 ? undefined : micros / 1000;
}
