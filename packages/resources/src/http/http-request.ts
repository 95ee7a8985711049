/** One HTTP exchange with an API server: every way it can fail becomes a reason of the catalogue. */
import { resourceNameOf } from "@modelyard/api";
import { type Clock, failure, PlatformError } from "@modelyard/core";
import type { ResourceKind } from "../contract.ts";
import { errorOfAnswer, type RequestFacts } from "../status.ts";
import type { Fetch } from "./trusting-fetch.ts";

/** Where and how requests go. */
export interface HttpTarget {
  /** Base address without a slash at its end. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly fetch: Fetch;
}

/** A request. */
export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  /** Longest time until the answer's head (and body, in {@link requestJson}) is there, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly kind: ResourceKind;
  readonly name?: string;
}

/** Sends a request and reads the answer as JSON. */
export async function requestJson(target: HttpTarget, request: HttpRequest): Promise<unknown> {
  return exchange(target, request, (response) => response.json());
}

/** Sends a request and hands out the body of a successful answer as it comes. */
export async function requestStream(target: HttpTarget, request: HttpRequest): Promise<AsyncIterable<Uint8Array>> {
  return exchange(target, request, async (response) => response.body ?? emptyBody());
}

async function exchange<T>(target: HttpTarget, request: HttpRequest, read: (response: Response) => Promise<T>): Promise<T> {
  const limit = new AbortController();
  const timer = target.clock.setTimer(request.timeoutMs, () => limit.abort(), { background: true });
  const signal = request.signal ? AbortSignal.any([limit.signal, request.signal]) : limit.signal;
  const facts = factsOf(target, request);
  try {
    const response = await target.fetch(addressOf(target, request), {
      method: request.method,
      headers: {
        accept: "application/json",
        ...(request.body === undefined ? {} : { "content-type": "application/json" }),
        ...target.headers,
      },
      signal,
      redirect: "error",
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
    });
    if (!response.ok) throw errorOfAnswer(response.status, await readJson(response), facts);
    return await read(response);
  } catch (cause) {
    if (PlatformError.is(cause)) throw cause;
    if (request.signal?.aborted) throw request.signal.reason;
    const why = limit.signal.aborted ? `no answer within ${request.timeoutMs} ms` : causeText(cause);
    throw failure("API_UNREACHABLE", { url: target.url, why }, { cause });
  } finally {
    timer.cancel();
  }
}

function addressOf(target: HttpTarget, request: HttpRequest): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(request.query ?? {})) if (value !== undefined) query.set(name, value);
  return query.size === 0 ? target.url + request.path : `${target.url}${request.path}?${query.toString()}`;
}

function factsOf(target: HttpTarget, request: HttpRequest): RequestFacts {
  const { kind, name = "", query = {} } = request;
  return { url: target.url, resource: resourceNameOf(kind), kind: kind.kind, name, resourceVersion: query["resourceVersion"] ?? "" };
}

/** The body of a refusal; anything that is no JSON says nothing we could use. */
async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return undefined;
  }
}

/** What the system says of a connection that failed: undici wraps it once (`fetch failed`). */
export function causeText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? causeText(error.cause) : error.message || error.name;
}

async function* emptyBody(): AsyncGenerator<Uint8Array, void, undefined> {}
