/**
 * The one coordination contract: etcd's. An ordered map of keys to bytes with revisions, compare-and-swap transactions, watches and leases.
 * Every driver (memory, SQLite, the client of an etcd v3 server) passes the same suite.
 *
 * Invariants: each transaction that changes something makes exactly one new revision; a watch sees every event of its range after its start
 * revision exactly once and in order, or ends with an error; what was acknowledged is there after a kill.
 */

/** Prefix that is no real key: a revision of 0 in a compare means "absent". Keys are text, ordered by their UTF-8 bytes, 1 to 4,096 bytes long. */
export interface KeyValue {
  readonly key: string;
  readonly value: Uint8Array;
  /** Revision of the transaction that created the key in its present life. */
  readonly createRevision: number;
  /** Revision of the last change. */
  readonly modRevision: number;
  /** Changes since creation, 1 for a new key. */
  readonly version: number;
  /** Lease the key ends with; 0 = none. */
  readonly leaseId: number;
}

/** Which keys: exactly one, all with a prefix (`""` = all), or from `start` up to but not including `end` (`end` absent = to the last). */
export type KeyRange =
  | { readonly kind: "key"; readonly key: string }
  | { readonly kind: "prefix"; readonly prefix: string }
  | { readonly kind: "span"; readonly start: string; readonly end?: string };

/** A read. */
export interface RangeRequest {
  readonly range: KeyRange;
  /** At most this many keys; 0 or absent = all. */
  readonly limit?: number;
  /** As the store stood at this revision; absent = now. Below the compacted revision: `STORE_COMPACTED`; above the current: `STORE_FUTURE_REVISION`. */
  readonly revision?: number;
  /** Leave out values. Default false. */
  readonly keysOnly?: boolean;
  /** Only count. Default false. */
  readonly countOnly?: boolean;
}

/** Answer of a read. */
export interface RangeResponse {
  /** The store's revision when it answered (not the one asked for). */
  readonly revision: number;
  readonly keyValues: readonly KeyValue[];
  /** Keys in the range, whatever the limit. */
  readonly count: number;
  /** Whether the limit cut the answer. */
  readonly more: boolean;
}

/** A condition on one key. A missing key has revisions and version 0 and no value (a compare of its value is false). */
export type Compare = {
  readonly key: string;
  readonly result: "equal" | "greater" | "less" | "notEqual";
} & (
  | { readonly target: "createRevision" | "modRevision" | "version" | "leaseId"; readonly value: number }
  | { readonly target: "value"; readonly value: Uint8Array }
);

/** One operation of a transaction. A key may be put at most once in one transaction (`STORE_DUPLICATE_KEY`). */
export type Operation =
  | { readonly kind: "put"; readonly key: string; readonly value: Uint8Array; readonly leaseId?: number; readonly previous?: boolean }
  | { readonly kind: "delete"; readonly range: KeyRange; readonly previous?: boolean }
  | { readonly kind: "range"; readonly request: RangeRequest };

/** If every compare holds, `success` runs, else `failure`; all of it atomically. At most 128 operations a branch. */
export interface Transaction {
  readonly compare?: readonly Compare[];
  readonly success: readonly Operation[];
  readonly failure?: readonly Operation[];
}

/** Answer of one operation, in order. */
export type OperationResponse =
  | { readonly kind: "put"; readonly previous?: KeyValue }
  | { readonly kind: "delete"; readonly deleted: number; readonly previous: readonly KeyValue[] }
  | { readonly kind: "range"; readonly response: RangeResponse };

/** Answer of a transaction. */
export interface TransactionResponse {
  readonly revision: number;
  readonly succeeded: boolean;
  readonly responses: readonly OperationResponse[];
}

/** A subscription. */
export interface WatchRequest {
  readonly range: KeyRange;
  /** First revision to report; absent = changes after now. At or below the compacted revision: the watch ends with `STORE_COMPACTED`. */
  readonly startRevision?: number;
  /** Also give the value before each change. Default false. */
  readonly previous?: boolean;
  /** Events held for a consumer that does not read; one more ends the watch with `STORE_COMPACTED` (relist, then watch again). Default 4,096. */
  readonly maxBufferedEvents?: number;
}

/** One change. A delete carries the key, the revision that deleted it as `modRevision`, and an empty value. */
export interface WatchEvent {
  readonly kind: "put" | "delete";
  readonly keyValue: KeyValue;
  readonly previous?: KeyValue;
}

/** Changes that belong together: all of one revision are in one batch, a batch may hold several revisions. */
export interface WatchBatch {
  /** The revision the watch has reached. */
  readonly revision: number;
  readonly events: readonly WatchEvent[];
}

/** A running subscription: `for await` gives batches; it ends by `close()` or by throwing. */
export interface Watch extends AsyncIterable<WatchBatch> {
  /**
   * Resolves when the store has registered it, with the store's revision then: every later change is reported. Rejects if it cannot be; an etcd server
   * may tell of a start that is compacted only afterwards, and then iterating throws it.
   */
  readonly started: Promise<number>;
  /** Ends it; idempotent. */
  close(): void;
}

/** A grant. */
export interface Lease {
  readonly leaseId: number;
  readonly ttlSeconds: number;
}

/** What a lease has left. */
export interface LeaseFacts extends Lease {
  readonly remainingSeconds: number;
  readonly keys: readonly string[];
}

/** Options of everything that waits. */
export interface WaitOptions {
  readonly signal?: AbortSignal;
}

/** The coordination contract. */
export interface Store {
  range(request: RangeRequest, options?: WaitOptions): Promise<RangeResponse>;
  transact(transaction: Transaction, options?: WaitOptions): Promise<TransactionResponse>;
  watch(request: WatchRequest): Watch;
  /** Forgets history below `revision`; current values stay. */
  compact(revision: number, options?: WaitOptions): Promise<void>;
  /** `leaseId` absent or 0: the store picks one. An id in use: `STORE_LEASE_EXISTS`. TTL is at least 1 s. */
  grantLease(request: { readonly ttlSeconds: number; readonly leaseId?: number }, options?: WaitOptions): Promise<Lease>;
  /** Sets the lease's time to its full TTL; `STORE_LEASE_NOT_FOUND` when it is gone. */
  keepAliveLease(leaseId: number, options?: WaitOptions): Promise<Lease>;
  /** Ends a lease and deletes its keys, in one revision. */
  revokeLease(leaseId: number, options?: WaitOptions): Promise<void>;
  /** `STORE_LEASE_NOT_FOUND` when it is gone. */
  leaseFacts(leaseId: number, options?: WaitOptions): Promise<LeaseFacts>;
  /** Ends watches and releases what is held; idempotent; waits for what was accepted. */
  close(): Promise<void>;
}
