/** A line of the access log, the same for every port. Everything from outside is bounded; credentials are never in it, only whose they are. */
import type { Principal } from "../authentication/authenticate.ts";
import type { PlatformError } from "../platform-error.ts";

/** A line of the access log. Fields that are not known are left out. */
export interface AccessRecord {
  /** When the request began, ISO 8601. */
  readonly time: string;
  /** Address of the client; empty for a Unix socket. */
  readonly remote: string;
  /** `tls` for a handshake that failed before anything was asked. */
  readonly protocol: "http/1.1" | "h2" | "tls";
  /** What was asked: inference by one of its protocols, the API server and what is beside it on its port, or the metrics. */
  readonly face: "rest" | "grpc" | "control" | "metrics";
  readonly method: string;
  /** Path without query. */
  readonly path: string;
  readonly namespace?: string | undefined;
  readonly model?: string | undefined;
  /** Revision that answered, or that was asked for. */
  readonly version?: string | undefined;
  /** HTTP status; 499 when the client went away first, 0 when there was no request. */
  readonly status: number;
  /** Code of the answer, the same for every face. */
  readonly code: string;
  /** Reason of a refusal, as the client was told. */
  readonly reason?: string | undefined;
  /** What the client was not told of a refusal of its credentials. */
  readonly why?: string | undefined;
  /** From the head of the request to the end of the answer. */
  readonly durationMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly requestId?: string | undefined;
  /** Trace id of `traceparent` (W3C Trace Context). */
  readonly traceId?: string | undefined;
  /** Parent id of `traceparent`: the span of the client that the request was sent in. */
  readonly spanId?: string | undefined;
  readonly userAgent?: string | undefined;
  /** Id of the API key; of a refused one, the id it claims. */
  readonly keyId?: string | undefined;
  readonly keyName?: string | undefined;
  /** Subject of the client certificate. */
  readonly certificate?: string | undefined;
}

/** Which header fields a record tells. */
export type RequestFacts = Pick<AccessRecord, "path" | "requestId" | "userAgent"> & TraceFacts;

/** Which trace a request belongs to. */
export type TraceFacts = Pick<AccessRecord, "traceId" | "spanId">;

/** The part of a record that says who sent a request. */
export type SenderFacts = Pick<AccessRecord, "why" | "keyId" | "keyName" | "certificate">;

/** What was decided about a sender. */
export interface SenderDecision {
  readonly principal: Principal | undefined;
  readonly refusal: PlatformError | undefined;
}

const longest = 256;

/** Cuts text from outside to 256 characters. */
export function boundedText(text: string): string;
export function boundedText(text: string | undefined): string | undefined;
export function boundedText(text: string | undefined): string | undefined {
  return text !== undefined && text.length > longest ? `${text.slice(0, longest)}…` : text;
}

/** What the target and the header fields of a request tell; fields are asked for in lower case. */
export function requestFacts(target: string, get: (name: string) => string | undefined): RequestFacts {
  return {
    path: boundedText(target.replace(/\?.*$/s, "")),
    requestId: boundedText(get("x-request-id")),
    ...traceFacts(get("traceparent")),
    userAgent: boundedText(get("user-agent")),
  };
}

/** What a `traceparent` field tells; nothing when there is none or it is malformed. Source: W3C Trace Context §3.2. */
export function traceFacts(traceparent: string | undefined): TraceFacts {
  const [, traceId, spanId] = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}/.exec(traceparent ?? "") ?? [];
  return traceId === undefined ? {} : { traceId, spanId };
}

/** Who sent a request and, of one that was refused, what only the log is told. */
export function senderFacts(decision: SenderDecision | undefined): SenderFacts {
  const { why, keyId, certificate } = decision?.refusal?.internal ?? {};
  const refused = {
    ...(typeof why === "string" && { why }),
    ...(typeof keyId === "string" && { keyId }),
    ...(typeof certificate === "string" && { certificate: boundedText(certificate) }),
  };
  return { ...refused, ...(decision?.principal && describePrincipal(decision.principal)) };
}

function describePrincipal(principal: Principal): SenderFacts {
  if (principal.kind === "certificate") return { certificate: boundedText(principal.subject) };
  return { keyId: principal.key.id, keyName: principal.key.name };
}
