/** The contract written down as plainly as possible: every revision is kept whole. For property tests; far too slow for anything else. */
import type { KeyValue, Operation, RangeResponse, Transaction, WatchEvent } from "../contract.ts";
import { compareKeys, inRange } from "../key-order.ts";
import { compareHolds } from "../mvcc/compare-holds.ts";

type Snapshot = ReadonlyMap<string, KeyValue>;

const noBytes = new Uint8Array(0);

/** A store as a list of snapshots. */
export class HistoryModel {
  revision: number;
  compactedRevision = 0;
  readonly events: WatchEvent[] = [];
  readonly #snapshots = new Map<number, Snapshot>();

  constructor(revision: number) {
    this.revision = revision;
    this.#snapshots.set(revision, new Map());
  }

  get now(): Snapshot {
    return this.at(this.revision);
  }

  /** The store as it stood at a revision it has had. */
  at(revision: number): Snapshot {
    return this.#snapshots.get(revision) ?? new Map();
  }

  range(range: Parameters<typeof inRange>[0], revision: number, limit: number): Omit<RangeResponse, "revision"> {
    const found = [...this.at(revision).values()].filter(({ key }) => inRange(range, key)).toSorted((a, b) => compareKeys(a.key, b.key));
    const keyValues = limit === 0 ? found : found.slice(0, limit);
    return { keyValues, count: found.length, more: keyValues.length < found.length };
  }

  transact({ compare = [], success, failure = [] }: Transaction): boolean {
    const succeeded = compare.every((one) => compareHolds(one, this.now.get(one.key)));
    this.apply(succeeded ? success : failure);
    return succeeded;
  }

  /** Deletes the keys of a lease, in one revision. */
  endLease(leaseId: number): void {
    const keys = [...this.now.values()].filter((one) => one.leaseId === leaseId).toSorted((a, b) => compareKeys(a.key, b.key));
    this.apply(keys.map(({ key }) => ({ kind: "delete", range: { kind: "key", key } })));
  }

  apply(operations: readonly Operation[]): void {
    const modRevision = this.revision + 1;
    const next = new Map(this.now);
    const before = this.events.length;
    for (const operation of operations) {
      if (operation.kind === "put") this.#put(next, operation, modRevision);
      if (operation.kind === "delete") this.#delete(next, operation, modRevision);
    }
    if (this.events.length === before) return;
    this.revision = modRevision;
    this.#snapshots.set(modRevision, next);
  }

  #put(next: Map<string, KeyValue>, operation: Operation & { readonly kind: "put" }, modRevision: number): void {
    const { key, value, leaseId = 0 } = operation;
    const old = next.get(key);
    const createRevision = old ? old.createRevision : modRevision;
    const keyValue = { key, value, createRevision, modRevision, version: old ? old.version + 1 : 1, leaseId };
    next.set(key, keyValue);
    this.events.push({ kind: "put", keyValue });
  }

  #delete(next: Map<string, KeyValue>, operation: Operation & { readonly kind: "delete" }, modRevision: number): void {
    const keys = [...next.keys()].filter((key) => inRange(operation.range, key)).toSorted(compareKeys);
    for (const key of keys) {
      next.delete(key);
      this.events.push({ kind: "delete", keyValue: { key, value: noBytes, createRevision: 0, modRevision, version: 0, leaseId: 0 } });
    }
  }
}
