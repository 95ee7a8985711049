/**
 * What a request must hold before any driver looks at it. Every driver applies these, so each refuses the same requests with the same words;
 * limits are those of etcd where it has one.
 */
import { failure, type PlatformError } from "@modelyard/core";
import type { KeyRange, Operation, RangeRequest, Transaction, WatchRequest } from "./contract.ts";
import { inRange } from "./key-order.ts";

/** Longest key in bytes of UTF-8. */
const maxKeyBytes = 4_096;
/** Most operations in one branch of a transaction. */
const maxOperations = 128;
/** Most bytes of keys and values in one transaction. */
export const maxRequestBytes = 1_572_864;
/** Events a watch holds for a consumer that does not read, unless it says otherwise. */
export const defaultMaxBufferedEvents = 4_096;
/** Longest time to live of a lease in seconds. */
const maxLeaseTtlSeconds = 9_000_000_000;

/** Refuses a read that no store could answer. */
export function checkRangeRequest(request: RangeRequest): void {
  checkKeyRange(request.range);
  checkWhole("limit", request.limit);
  checkWhole("revision", request.revision);
}

/** Refuses a transaction that no store could run. */
export function checkTransaction(transaction: Transaction): void {
  const { compare = [], success, failure: otherwise = [] } = transaction;
  for (const one of compare) checkKey(one.key);
  if (compare.length > maxOperations) throw invalid(`${compare.length} compares in one transaction, at most ${maxOperations} are allowed`);
  checkBranch(success);
  checkBranch(otherwise);
  const sizeBytes = [...success, ...otherwise].reduce((sum, operation) => sum + sizeOf(operation), 0);
  if (sizeBytes > maxRequestBytes) throw invalid(`${sizeBytes} bytes in one transaction, at most ${maxRequestBytes} are allowed`);
}

/** Refuses a watch that no store could start. */
export function checkWatchRequest(request: WatchRequest): void {
  checkKeyRange(request.range);
  checkWhole("startRevision", request.startRevision);
  if (request.maxBufferedEvents !== undefined && !(request.maxBufferedEvents >= 1)) {
    throw invalid(`maxBufferedEvents is ${request.maxBufferedEvents}, at least 1 is needed`);
  }
}

/** Refuses a revision that is no whole number. */
export function checkRevision(revision: number): void {
  checkWhole("revision", revision);
}

/** The time to live a lease gets: whole seconds, at least one. */
export function resolveLeaseTtl(ttlSeconds: number): number {
  if (!Number.isFinite(ttlSeconds) || ttlSeconds > maxLeaseTtlSeconds) {
    throw invalid(`a time to live of ${ttlSeconds} s is too large, at most ${maxLeaseTtlSeconds} s are allowed`);
  }
  return Math.max(1, Math.ceil(ttlSeconds));
}

/** Refuses a lease id outside 0 to 2^53 - 1. */
export function checkLeaseId(leaseId: number | undefined): void {
  checkWhole("leaseId", leaseId);
}

function checkBranch(operations: readonly Operation[]): void {
  if (operations.length > maxOperations) {
    throw invalid(`${operations.length} operations in one branch of a transaction, at most ${maxOperations} are allowed`);
  }
  const deletes: KeyRange[] = [];
  for (const operation of operations) {
    checkOperation(operation);
    if (operation.kind === "delete") deletes.push(operation.range);
  }
  const written = new Set<string>();
  for (const operation of operations) {
    if (operation.kind !== "put") continue;
    const { key } = operation;
    if (written.has(key) || deletes.some((range) => inRange(range, key))) throw failure("STORE_DUPLICATE_KEY", { key });
    written.add(key);
  }
}

function checkOperation(operation: Operation): void {
  if (operation.kind === "range") return checkRangeRequest(operation.request);
  if (operation.kind === "delete") return checkKeyRange(operation.range);
  checkKey(operation.key);
  checkLeaseId(operation.leaseId);
}

function checkKeyRange(range: KeyRange): void {
  if (range.kind === "key") return checkKey(range.key);
  if (range.kind === "prefix") return checkBound(range.prefix);
  checkBound(range.start);
  if (range.end === undefined) return;
  checkBound(range.end);
  // etcd reads these two ends as "one key" and "to the last key".
  if (range.end === "" || range.end === "\0") throw invalid("the end of a span is below every key; leave it out to read to the last key");
}

function checkKey(key: string): void {
  if (key === "") throw invalid("the key is empty");
  checkBound(key);
}

function checkBound(bound: string): void {
  if (!bound.isWellFormed()) throw invalid("the key is not text: it holds a lone surrogate");
  const sizeBytes = bound.length * 3 <= maxKeyBytes ? 0 : Buffer.byteLength(bound);
  if (sizeBytes > maxKeyBytes) throw invalid(`the key is ${sizeBytes} bytes long, at most ${maxKeyBytes} are allowed`);
}

function checkWhole(what: string, value: number | undefined): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) return;
  throw invalid(`${what} is ${value}, a whole number from 0 is needed`);
}

function sizeOf(operation: Operation): number {
  return operation.kind === "put" ? operation.value.byteLength + operation.key.length : 0;
}

function invalid(problem: string): PlatformError {
  return failure("STORE_INVALID_REQUEST", { problem });
}
