/** The form of every refusal: its text under `error`, where clients of the inference protocols look, our fields beside it, and its reason in the head. */
import type { PlatformError } from "@modelyard/core";
import type { WholeResponse } from "./exchange.ts";
import type { Field } from "./fields.ts";
import { responseHead } from "./response-head.ts";

/** Field that carries the reason of a refusal, in heads of HTTP and trailers of gRPC. */
export const reasonField = "modelyard-reason";

/** An answer that refuses a request, with more fields for its head if it needs them. */
export function refusal(status: number, error: PlatformError, fields: readonly Field[] = []): WholeResponse {
  const { message, ...rest } = error.toPublic();
  const head = responseHead(status, [["content-type", "application/json"], [reasonField, error.reason], ...fields]);
  return { head, body: JSON.stringify({ error: message, ...rest }) };
}
