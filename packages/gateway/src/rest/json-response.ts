/** JSON answers of the REST face. The content type is exactly `application/json`: with a charset, clients do not show an error's text. */
import { httpStatusOf, type PlatformError, type Reason } from "@modelyard/core";
import { type Exchange, type ResponseHead, refusal, responseHead } from "@modelyard/wire";

const jsonType: readonly [string, string] = ["content-type", "application/json"];

/** Head of an answer with status 200. */
export const okHead: ResponseHead = responseHead(200, [jsonType]);
/** Head of "not ready". */
export const notReadyHead: ResponseHead = responseHead(503, [jsonType]);

/** Statuses that HTTP has and the canonical codes have not. */
const statusOfReason: Partial<Record<Reason, number>> = {
  METHOD_NOT_ALLOWED: 405,
  NOT_ACCEPTABLE: 406,
  BODY_TOO_LARGE: 413,
  MEDIA_TYPE_NOT_SUPPORTED: 415,
};

/** Answers with an error, in the form that all refusals have. */
export function respondError(exchange: Exchange, error: PlatformError, allow?: string): void {
  const status = statusOfReason[error.reason] ?? httpStatusOf(error.code);
  const fields: [string, string][] = [];
  // RFC 9110 §11.6.1.
  if (status === 401) fields.push(["www-authenticate", "Bearer"]);
  if (allow !== undefined) fields.push(["allow", allow]);
  if (error.retryable && (status === 429 || status === 503)) fields.push(["retry-after", retryAfterSeconds(error)]);
  exchange.respond(refusal(status, error, fields));
}

function retryAfterSeconds(error: PlatformError): string {
  return String(Math.max(1, Math.ceil((error.retryAfterMs ?? 1000) / 1000)));
}
