/**
 * The tables under a store with many versions: what the rules of the contract need from memory or from SQLite, and nothing of the rules.
 *
 * Invariants: `revision` only grows; a key changes at most once per revision; history above `compactedRevision` is complete.
 */
import type { KeyRange, KeyValue, RangeRequest, WatchEvent } from "../contract.ts";

/** Answer of a read from the tables. */
export interface TableRange {
  readonly keyValues: readonly KeyValue[];
  readonly count: number;
  readonly more: boolean;
}

/** Which part of history: the events of a range, revisions `from` to `to`, both included. */
export interface HistoryRequest {
  readonly range: KeyRange;
  readonly from: number;
  readonly to: number;
  /** Stop after the revision that reaches this many events. */
  readonly limit: number;
}

/** A part of history; whole revisions only. */
export interface HistoryPage {
  /** Each with the value before it, where that is still kept. */
  readonly events: readonly WatchEvent[];
  /** Every event up to this revision is in the page. */
  readonly reached: number;
}

/** A lease as it is kept. */
export interface LeaseRow {
  readonly leaseId: number;
  readonly ttlSeconds: number;
}

/** The tables as a reader sees them. */
export interface MvccView {
  readonly revision: number;
  readonly compactedRevision: number;
  /** The key as it stands now. */
  get(key: string): KeyValue | undefined;
  /** Keys of a range, now or at `request.revision`, which the caller has checked. */
  range(request: RangeRequest): TableRange;
  history(request: HistoryRequest): HistoryPage;
  /** Undefined when there is no such lease. */
  leaseTtlSeconds(leaseId: number): number | undefined;
  /** Keys attached to a lease, in order. */
  leaseKeys(leaseId: number): readonly string[];
  leases(): readonly LeaseRow[];
}

/** The tables as the one writer sees them. */
export interface MvccTables extends MvccView {
  /** Records one change; its revision is the next one and `previous` is what `get` gave. */
  write(change: WatchEvent): void;
  /** Makes the changes since the last call one revision. */
  advance(revision: number): void;
  insertLease(lease: LeaseRow): void;
  deleteLease(leaseId: number): void;
  /** Drops versions that no read at or above `revision` can see. */
  compact(revision: number): void;
}
