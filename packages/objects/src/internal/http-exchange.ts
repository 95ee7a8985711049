/**
 * One exchange with an HTTP server of files: redirects, statuses, ranges (RFC 9110 §14, §15) and failures of the connection, as conditions of a source.
 * Headers and certificates of the caller, which may be credentials, never follow a redirect to another origin.
 */
import { failure, PlatformError } from "@modelyard/core";
import type { SourceTls } from "../contract.ts";
import { fetchOverTls } from "./fetch-over-tls.ts";
import { idleLimitMs } from "./idle-guard.ts";
import type { OpenedBody } from "./resumable-fetch.ts";

const maxRedirects = 10;

/** A request for something that is read. */
export interface HttpExchange {
  /** The source, as messages show it. */
  readonly label: string;
  readonly url: string;
  /** Sent to the origin of `url` only. */
  readonly headers: Readonly<Record<string, string>>;
  /** Sent wherever a redirect leads. */
  readonly publicHeaders?: Readonly<Record<string, string>>;
  readonly method?: "GET" | "HEAD" | "POST";
  readonly body?: string;
  /** Used with the origin of `url` only; requests without a body only. */
  readonly tls?: SourceTls;
  readonly signal: AbortSignal;
  /** Called with every redirect. */
  readonly onRedirect?: (response: Response) => void;
}

/** Sends the request and follows redirects. The status of the answer is not looked at. */
export async function exchange(request: HttpExchange): Promise<Response> {
  const { label, method = "GET", signal, body } = request;
  const origin = new URL(request.url).origin;
  let url = new URL(request.url);
  for (let redirects = 0; ; redirects++) {
    const isOwn = url.origin === origin;
    const headers = { ...(isOwn ? request.headers : {}), ...request.publicHeaders, "accept-encoding": "identity" };
    const response =
      isOwn && request.tls && url.protocol === "https:"
        ? await fetchOverTls(url, { method, headers, signal, tls: request.tls })
        : await fetch(url.href, { method, headers, signal, redirect: "manual", ...(body === undefined ? {} : { body }) });
    const location = isRedirect(response) ? response.headers.get("location") : null;
    if (location === null) return response;
    await response.body?.cancel();
    const next = URL.parse(location, url.href);
    if (!next || !/^https?:$/.test(next.protocol))
      throw failure("SOURCE_REFUSED", { source: label, why: "it redirects to no HTTP address" });
    if (url.protocol === "https:" && next.protocol === "http:")
      throw failure("SOURCE_REFUSED", { source: label, why: "it redirects from https to http" });
    if (redirects === maxRedirects) throw failure("SOURCE_REFUSED", { source: label, why: `it redirects more than ${maxRedirects} times` });
    request.onRedirect?.(response);
    url = next;
  }
}

function isRedirect({ status }: Response): boolean {
  return [301, 302, 303, 307, 308].includes(status);
}

/** The range header for what is wanted of a body; none for all of it. */
export function rangeHeaders(offset: number): Record<string, string> {
  return offset > 0 ? { range: `bytes=${offset}-` } : {};
}

/** The body of an answer to a request for everything from `offset` on. Its validator is the ETag if that is a strong one. */
export function openedBody(label: string, response: Response, offset: number): OpenedBody {
  if (response.status === 416 && offset > 0) throw failure("SOURCE_CHANGED", { source: label, why: "it became shorter" });
  if (response.status !== 200 && response.status !== 206) throw statusFailure(label, response);
  if (!response.body) throw failure("SOURCE_UNAVAILABLE", { source: label, why: "the answer has no body" });
  const isPart = response.status === 206;
  if (isPart && rangeStart(response) !== offset)
    throw failure("SOURCE_UNAVAILABLE", { source: label, why: "another range was sent than asked for" });
  // A length beside a content coding counts coded bytes.
  const length = response.headers.has("content-encoding") ? undefined : numberOf(response.headers.get("content-length"));
  const totalBytes = length === undefined ? undefined : length + (isPart ? offset : 0);
  return { stream: response.body, startsOver: !isPart && offset > 0, totalBytes, validator: strongValidatorOf(response) };
}

/** What a status other than success means for a source. */
export function statusFailure(label: string, response: Response): PlatformError {
  const { status } = response;
  const details = { source: label, why: `the server answered with status ${status}` };
  if (status === 404 || status === 410) return failure("SOURCE_NOT_FOUND", details);
  if (status === 412) return failure("SOURCE_CHANGED", details);
  const retryAfter = numberOf(response.headers.get("retry-after"));
  const extras = retryAfter === undefined ? {} : { retryAfterMs: Math.min(retryAfter * 1000, idleLimitMs) };
  if (status >= 500 || status === 408 || status === 429) return failure("SOURCE_UNAVAILABLE", details, extras);
  return failure("SOURCE_REFUSED", details);
}

/** What an error of an exchange means for a source. */
export function exchangeFailure(label: string, error: unknown): PlatformError {
  if (PlatformError.is(error)) return error;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  // Fetch standard, "Port blocking": no later attempt, nor another address of that port, fares better.
  if (cause instanceof Error && cause.message === "bad port") {
    const why = "its port, or the one it redirects to, is on the list of ports that the Fetch standard blocks";
    return failure("SOURCE_UNSUPPORTED", { source: label, why }, { cause: error });
  }
  const code = (cause as NodeJS.ErrnoException).code;
  const why = code
    ? `the connection failed with ${code}`
    : `the connection failed: ${cause instanceof Error ? cause.message : String(cause)}`;
  return failure("SOURCE_UNAVAILABLE", { source: label, why }, { cause: error });
}

/** A strong validator of the body. */
function strongValidatorOf(response: Response): string | undefined {
  const etag = response.headers.get("etag");
  if (etag && !etag.startsWith("W/")) return etag;
  return undefined;
}

function rangeStart(response: Response): number | undefined {
  return numberOf(/^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "")?.[1] ?? null);
}

/** A whole number as a header gives it; undefined when it is none. */
export function numberOf(text: string | null): number | undefined {
  return text !== null && /^\d+$/.test(text) ? Number(text) : undefined;
}
