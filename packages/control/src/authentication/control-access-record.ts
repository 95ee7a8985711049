/** One request of the control port as the access log tells it. */

import { type AccessRecord, boundedText, type PlatformError, requestFacts, type SenderDecision, senderFacts } from "@modelyard/core";
import type { FastifyRequest } from "fastify";
import { namespaceIn } from "./permission-of.ts";

/** What a record is made of. */
export interface ControlAccessEntry {
  readonly request: Pick<FastifyRequest, "method" | "url" | "headers" | "params">;
  readonly remote: string;
  readonly decision: SenderDecision | undefined;
  /** The failure that was answered, or that ended the answer. */
  readonly error: PlatformError | undefined;
  /** 499 when the client went away first. */
  readonly status: number;
  readonly endedMs: number;
  readonly durationMs: number;
  /** With the head. */
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** The code of an entry: that of its failure. */
export function codeOf({ error, status }: Pick<ControlAccessEntry, "error" | "status">): string {
  if (error) return error.code;
  if (status === 499) return "CANCELLED";
  return status < 400 ? "OK" : "UNAVAILABLE";
}

/** The record of an entry. */
export function controlAccessRecord(entry: ControlAccessEntry): AccessRecord {
  const { request, remote, decision, error, status, endedMs, durationMs, bytesIn, bytesOut } = entry;
  const { path, ...sent } = requestFacts(request.url, (name) => headerOf(request.headers, name));
  return {
    time: new Date(endedMs - durationMs).toISOString(),
    remote,
    protocol: "http/1.1",
    face: "control",
    method: boundedText(request.method),
    path,
    namespace: boundedText(namespaceIn(request.params)),
    status,
    code: codeOf(entry),
    reason: error?.reason,
    durationMs: Math.round(durationMs * 1000) / 1000,
    bytesIn,
    bytesOut,
    ...sent,
    ...senderFacts(decision),
  };
}

/** A header field; of one that is repeated, the first. */
export function headerOf(headers: FastifyRequest["headers"], name: string): string | undefined {
  const value = headers[name];
  return typeof value === "object" ? value[0] : value;
}
