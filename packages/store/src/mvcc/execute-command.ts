/**
 * The one place where the rules of writing live, for every driver with tables of its own. A command is checked whole before its first effect, so
 * one that is refused leaves the tables untouched.
 */
import { assertNever, failure } from "@modelyard/core";
import type { KeyValue, Operation, OperationResponse, Transaction, TransactionResponse, WatchEvent } from "../contract.ts";
import { compareHolds } from "./compare-holds.ts";
import { checkReadable, readRange } from "./read-range.ts";
import type { MvccTables, MvccView } from "./tables.ts";

/** Something the one writer does. */
export type Command =
  | { readonly kind: "transact"; readonly transaction: Transaction }
  | { readonly kind: "compact"; readonly revision: number }
  | { readonly kind: "grant"; readonly leaseId: number; readonly ttlSeconds: number }
  | { readonly kind: "revoke"; readonly leaseId: number };

/** What a command did. */
export interface Outcome {
  /** Only of a `transact`. */
  readonly response?: TransactionResponse;
  /** Changes of the one revision it made; empty when it made none. Each carries what was before. */
  readonly events: readonly WatchEvent[];
}

const nothing: Outcome = { events: [] };
const noBytes = new Uint8Array(0);

/** Runs one command; throws without any effect when it is refused. */
export function executeCommand(tables: MvccTables, command: Command): Outcome {
  switch (command.kind) {
    case "transact":
      return transact(tables, command.transaction);
    case "compact":
      return compact(tables, command.revision);
    case "grant":
      if (tables.leaseTtlSeconds(command.leaseId) !== undefined) throw failure("STORE_LEASE_EXISTS", { leaseId: command.leaseId });
      tables.insertLease(command);
      return nothing;
    case "revoke":
      return revoke(tables, command.leaseId);
    default:
      return assertNever(command);
  }
}

/** Forgets history beyond the newest `keepRevisions`; in steps, so that no single write pays for a long sweep. */
export function compactAutomatically(tables: MvccTables, keepRevisions: number): void {
  const target = tables.revision - keepRevisions;
  const step = Math.max(1, Math.min(256, keepRevisions));
  if (target - tables.compactedRevision >= step) tables.compact(target);
}

function transact(tables: MvccTables, transaction: Transaction): Outcome {
  const succeeded = (transaction.compare ?? []).every((compare) => compareHolds(compare, tables.get(compare.key)));
  const operations = succeeded ? transaction.success : (transaction.failure ?? []);
  for (const operation of operations) checkOperation(tables, operation);
  const writing = new Writing(tables);
  const responses = operations.map((operation) => runOperation(writing, operation));
  const events = writing.finish();
  return { response: { revision: tables.revision, succeeded, responses }, events };
}

function checkOperation(view: MvccView, operation: Operation): void {
  if (operation.kind === "range") checkReadable(view, operation.request.revision);
  if (operation.kind === "put" && operation.leaseId) checkLease(view, operation.leaseId);
}

function checkLease(view: MvccView, leaseId: number): void {
  if (view.leaseTtlSeconds(leaseId) === undefined) throw failure("STORE_LEASE_NOT_FOUND", { leaseId });
}

function runOperation(writing: Writing, operation: Operation): OperationResponse {
  switch (operation.kind) {
    case "put": {
      const before = writing.put(operation);
      return { kind: "put", ...(operation.previous && before ? { previous: before } : {}) };
    }
    case "delete": {
      const { keyValues } = writing.tables.range({ range: operation.range });
      for (const { key } of keyValues) writing.remove(key);
      return { kind: "delete", deleted: keyValues.length, previous: operation.previous ? keyValues : [] };
    }
    case "range": {
      const response = readRange(writing.tables, operation.request);
      return { kind: "range", response: { ...response, revision: writing.reached } };
    }
    default:
      return assertNever(operation);
  }
}

function compact(tables: MvccTables, revision: number): Outcome {
  const { revision: currentRevision, compactedRevision } = tables;
  if (revision > currentRevision) throw failure("STORE_FUTURE_REVISION", { revision, currentRevision });
  if (revision <= compactedRevision) throw failure("STORE_COMPACTED", { revision, compactedRevision });
  tables.compact(revision);
  return nothing;
}

function revoke(tables: MvccTables, leaseId: number): Outcome {
  checkLease(tables, leaseId);
  const writing = new Writing(tables);
  for (const key of tables.leaseKeys(leaseId)) writing.remove(key);
  tables.deleteLease(leaseId);
  return { events: writing.finish() };
}

/** The changes of one revision while it is being made. */
class Writing {
  readonly tables: MvccTables;
  readonly #revision: number;
  readonly #events: WatchEvent[] = [];

  constructor(tables: MvccTables) {
    this.tables = tables;
    this.#revision = tables.revision + 1;
  }

  /** The revision that reads inside the transaction report. */
  get reached(): number {
    return this.#events.length > 0 ? this.#revision : this.tables.revision;
  }

  put(operation: Operation & { readonly kind: "put" }): KeyValue | undefined {
    const { key, value, leaseId = 0 } = operation;
    const before = this.tables.get(key);
    const createRevision = before?.createRevision ?? this.#revision;
    const version = (before?.version ?? 0) + 1;
    // A copy: the caller's buffer may be part of a larger one and may change.
    this.#write("put", { key, value: new Uint8Array(value), createRevision, modRevision: this.#revision, version, leaseId }, before);
    return before;
  }

  remove(key: string): void {
    const before = this.tables.get(key);
    this.#write("delete", { key, value: noBytes, createRevision: 0, modRevision: this.#revision, version: 0, leaseId: 0 }, before);
  }

  finish(): readonly WatchEvent[] {
    if (this.#events.length > 0) this.tables.advance(this.#revision);
    return this.#events;
  }

  #write(kind: WatchEvent["kind"], keyValue: KeyValue, before: KeyValue | undefined): void {
    const event: WatchEvent = { kind, keyValue, ...(before ? { previous: before } : {}) };
    this.tables.write(event);
    this.#events.push(event);
  }
}
