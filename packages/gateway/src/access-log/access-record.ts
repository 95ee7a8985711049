/** One request as the access log tells it. Everything from outside is bounded; credentials are never in it, only whose they are. */
import type { Principal } from "@modelyard/core";
import type { ExchangeEnd, ObservedExchange } from "../observation/observed-exchange.ts";

/** A line of the access log. Fields that are not known are left out. */
export interface AccessRecord {
  /** When the request began, ISO 8601. */
  readonly time: string;
  /** Address of the client; empty for a Unix socket. */
  readonly remote: string;
  readonly protocol: "http/1.1" | "h2";
  readonly face: "rest" | "grpc";
  readonly method: string;
  /** Path without query. */
  readonly path: string;
  readonly namespace?: string | undefined;
  readonly model?: string | undefined;
  /** Revision that answered, or that was asked for. */
  readonly version?: string | undefined;
  /** HTTP status; 499 when the client went away first. */
  readonly status: number;
  /** Code of the answer, the same for both faces. */
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
  readonly userAgent?: string | undefined;
  /** Id of the API key; of a refused one, the id it claims. */
  readonly keyId?: string | undefined;
  readonly keyName?: string | undefined;
  /** Subject of the client certificate. */
  readonly certificate?: string | undefined;
}

/** What a record is made of when its time has come: no body and no answer is kept alive by it. */
export interface AccessEntry {
  readonly head: ObservedExchange["head"];
  readonly memo: ObservedExchange["memo"];
  readonly admission: ObservedExchange["admission"];
  readonly reference: ObservedExchange["reference"];
  readonly version: string | undefined;
  readonly remote: string;
  readonly protocol: "http/1.1" | "h2";
  readonly endedMs: number;
  readonly durationMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly end: ExchangeEnd;
}

const longest = 256;

/** Makes the line of an entry, newline included. */
export function formatAccessEntry(entry: AccessEntry): string {
  return `${JSON.stringify(accessRecordOf(entry))}\n`;
}

/** The record of an entry. */
function accessRecordOf(entry: AccessEntry): AccessRecord {
  const { head, memo, end, durationMs, bytesIn, bytesOut } = entry;
  const { namespace, model, version } = entry.reference ?? memo.reference ?? {};
  return {
    time: new Date(entry.endedMs - durationMs).toISOString(),
    remote: entry.remote,
    protocol: entry.protocol,
    face: memo.isGrpc ? "grpc" : "rest",
    method: bounded(head.method) ?? "",
    path: bounded(head.path.replace(/\?.*$/s, "")) ?? "",
    namespace: bounded(namespace ?? memo.namespace),
    model: bounded(model),
    version: entry.version ?? bounded(version === "" ? undefined : version),
    ...end,
    durationMs: Math.round(durationMs * 1000) / 1000,
    bytesIn,
    bytesOut,
    requestId: bounded(head.get("x-request-id")),
    traceId: /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(head.get("traceparent") ?? "")?.[1],
    userAgent: bounded(head.get("user-agent")),
    ...senderOf(entry),
  };
}

type Sender = Pick<AccessRecord, "why" | "keyId" | "keyName" | "certificate">;

function senderOf({ admission }: AccessEntry): Sender {
  const { why, keyId } = admission?.refusal?.internal ?? {};
  const refused = { ...(typeof why === "string" && { why }), ...(typeof keyId === "string" && { keyId }) };
  return { ...refused, ...(admission?.principal && describePrincipal(admission.principal)) };
}

function describePrincipal(principal: Principal): Sender {
  if (principal.kind === "certificate") return { certificate: bounded(principal.subject) };
  return { keyId: principal.key.id, keyName: principal.key.name };
}

function bounded(text: string | undefined): string | undefined {
  return text !== undefined && text.length > longest ? `${text.slice(0, longest)}…` : text;
}
