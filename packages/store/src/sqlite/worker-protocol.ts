/** What the store asks of its two threads, and what they answer. Plain data: it is copied from thread to thread. */
import { failureFromPublic, PlatformError } from "@modelyard/core";
import type { RangeRequest, RangeResponse } from "../contract.ts";
import type { Command, Outcome } from "../mvcc/execute-command.ts";
import type { BackendStart } from "../mvcc/mvcc-store.ts";
import type { HistoryPage, HistoryRequest } from "../mvcc/tables.ts";

/** How a thread is started. The writer is opened first: it makes the file. */
export interface WorkerOptions {
  readonly role: "writer" | "reader";
  readonly path: string;
  readonly keepRevisions: number;
}

/** What became of one request. */
export type Settled<T> = { readonly kind: "done"; readonly value: T } | { readonly kind: "failed"; readonly error: SentError };

/** An error on its way to another thread. */
export interface SentError {
  readonly reason: string;
  readonly details: Readonly<Record<string, string | number>>;
  /** Stack or text, for the log. */
  readonly internal: string;
}

/** One result a command, in order; all are on the disk. */
export interface WrittenBatch {
  readonly results: readonly Settled<Outcome>[];
  readonly revision: number;
  readonly compactedRevision: number;
}

/** Every request with its answer. */
export interface WorkerCalls {
  readonly open: { readonly request: undefined; readonly answer: BackendStart };
  /** Commands for one SQL transaction; writer only. */
  readonly write: { readonly request: readonly Command[]; readonly answer: WrittenBatch };
  readonly range: { readonly request: RangeRequest; readonly answer: RangeResponse };
  readonly history: { readonly request: HistoryRequest; readonly answer: HistoryPage };
  readonly leaseKeys: { readonly request: number; readonly answer: readonly string[] };
  /** The thread ends after its answer. */
  readonly close: { readonly request: undefined; readonly answer: undefined };
}

/** Name of a request. */
export type CallKind = keyof WorkerCalls;

/** To a thread. */
export type ToWorker = {
  readonly [K in CallKind]: { readonly id: number; readonly kind: K; readonly request: WorkerCalls[K]["request"] };
}[CallKind];

/** From a thread: the answer to the message with this id. */
export interface FromWorker {
  readonly id: number;
  readonly answer: Settled<WorkerCalls[CallKind]["answer"]>;
}

/** An error as it travels. */
export function sendError(error: unknown): SentError {
  const internal = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const { reason, details } = PlatformError.from(error);
  return { reason, details, internal };
}

/** The error that was sent. */
export function receiveError(sent: SentError): PlatformError {
  const { reason, details, internal } = failureFromPublic(sent);
  return new PlatformError(reason, details, { internal: { ...internal, thread: sent.internal } });
}
