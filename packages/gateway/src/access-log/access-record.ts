/** One request of the data plane as the access log tells it. */
import { type AccessRecord, boundedText, requestFacts, senderFacts } from "@modelyard/core";
import type { ExchangeEnd, ObservedExchange } from "../observation/observed-exchange.ts";

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

/** The record of an entry. */
export function accessRecordOf(entry: AccessEntry): AccessRecord {
  const { head, memo, end, durationMs, bytesIn, bytesOut } = entry;
  const { namespace, model, version } = entry.reference ?? memo.reference ?? {};
  const { path, ...sent } = requestFacts(head.path, (name) => head.get(name));
  return {
    time: new Date(entry.endedMs - durationMs).toISOString(),
    remote: entry.remote,
    protocol: entry.protocol,
    face: memo.isGrpc ? "grpc" : "rest",
    method: boundedText(head.method),
    path,
    namespace: boundedText(namespace ?? memo.namespace),
    model: boundedText(model),
    version: entry.version ?? boundedText(version === "" ? undefined : version),
    ...end,
    durationMs: Math.round(durationMs * 1000) / 1000,
    bytesIn,
    bytesOut,
    ...sent,
    ...senderFacts(entry.admission),
  };
}
