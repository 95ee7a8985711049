/** Tables in memory: a sorted list of keys, the versions of each, and the changes in the order they were made. */
import type { KeyRange, KeyValue, RangeRequest, WatchEvent } from "../contract.ts";
import { inRange, lowerBound, rangeStart } from "../key-order.ts";
import type { HistoryPage, HistoryRequest, LeaseRow, MvccTables, TableRange } from "../mvcc/tables.ts";

const noBytes = new Uint8Array(0);

/** The tables of {@link memoryStore}. A new etcd store is at revision 1; so is this. */
export class MemoryTables implements MvccTables {
  revision = 1;
  compactedRevision = 0;
  /** Every key that has a version, in order. */
  readonly #keys: string[] = [];
  /** Versions of a key, oldest first; the last one is how it stands. */
  readonly #versions = new Map<string, WatchEvent[]>();
  readonly #leases = new Map<number, { readonly ttlSeconds: number; readonly keys: Set<string> }>();
  /** Changes above the compacted revision. */
  #log: WatchEvent[] = [];

  /** Versions that are held, those of deleted keys included. */
  get versionCount(): number {
    return this.#versions.values().reduce((sum, versions) => sum + versions.length, 0);
  }

  get(key: string): KeyValue | undefined {
    return living(this.#versions.get(key)?.at(-1));
  }

  range(request: RangeRequest): TableRange {
    const { range, limit = 0, revision = 0, keysOnly = false, countOnly = false } = request;
    const found: KeyValue[] = [];
    let count = 0;
    for (const key of this.#keysIn(range)) {
      const keyValue = this.#at(key, revision);
      if (!keyValue) continue;
      count++;
      if (!countOnly && (limit === 0 || count <= limit)) found.push(keysOnly ? { ...keyValue, value: noBytes } : keyValue);
    }
    return { keyValues: found, count, more: !countOnly && count > found.length };
  }

  history(request: HistoryRequest): HistoryPage {
    const { range, from, to, limit } = request;
    const events: WatchEvent[] = [];
    let reached = to;
    for (let index = this.#logIndex(from); index < this.#log.length; index++) {
      const event = this.#log[index];
      const revision = event?.keyValue.modRevision ?? 0;
      if (!event || revision > to) break;
      if (events.length >= limit && revision > (events.at(-1)?.keyValue.modRevision ?? 0)) {
        reached = revision - 1;
        break;
      }
      if (inRange(range, event.keyValue.key)) events.push(event);
    }
    return { events, reached };
  }

  leaseTtlSeconds(leaseId: number): number | undefined {
    return this.#leases.get(leaseId)?.ttlSeconds;
  }

  leaseKeys(leaseId: number): readonly string[] {
    const keys: string[] = [];
    for (const key of this.#leases.get(leaseId)?.keys ?? []) keys.splice(lowerBound(keys, key), 0, key);
    return keys;
  }

  leases(): readonly LeaseRow[] {
    return [...this.#leases].map(([leaseId, { ttlSeconds }]) => ({ leaseId, ttlSeconds }));
  }

  write(change: WatchEvent): void {
    const { key, leaseId } = change.keyValue;
    const versions = this.#versions.get(key);
    if (versions) versions.push(change);
    else this.#addKey(key, change);
    this.#log.push(change);
    if (change.previous) this.#leases.get(change.previous.leaseId)?.keys.delete(key);
    this.#leases.get(leaseId)?.keys.add(key);
  }

  advance(revision: number): void {
    this.revision = revision;
  }

  insertLease({ leaseId, ttlSeconds }: LeaseRow): void {
    this.#leases.set(leaseId, { ttlSeconds, keys: new Set() });
  }

  deleteLease(leaseId: number): void {
    this.#leases.delete(leaseId);
  }

  compact(revision: number): void {
    const kept = this.#logIndex(revision + 1);
    for (const key of new Set(this.#log.slice(0, kept).map((event) => event.keyValue.key))) this.#compactKey(key, revision);
    this.#log = this.#log.slice(kept);
    this.compactedRevision = revision;
  }

  #compactKey(key: string, revision: number): void {
    const versions = this.#versions.get(key) ?? [];
    let seen = versions.findLastIndex((version) => version.keyValue.modRevision <= revision);
    if (versions[seen]?.kind === "delete") seen++;
    // What a kept change replaced is kept with it: no version may hold on to one that is gone.
    const left = versions.slice(seen).map((version, index) => (index === 0 ? forgetPrevious(version) : version));
    if (left.length > 0) {
      this.#versions.set(key, left);
      return;
    }
    this.#versions.delete(key);
    this.#keys.splice(lowerBound(this.#keys, key), 1);
  }

  #addKey(key: string, first: WatchEvent): void {
    this.#versions.set(key, [first]);
    this.#keys.splice(lowerBound(this.#keys, key), 0, key);
  }

  #keysIn(range: KeyRange): readonly string[] {
    if (range.kind === "key") return [range.key];
    const from = lowerBound(this.#keys, rangeStart(range));
    let to = from;
    while (to < this.#keys.length && inRange(range, this.#keys[to] ?? "")) to++;
    return this.#keys.slice(from, to);
  }

  #at(key: string, revision: number): KeyValue | undefined {
    if (revision === 0) return this.get(key);
    return living(this.#versions.get(key)?.findLast((version) => version.keyValue.modRevision <= revision));
  }

  #logIndex(revision: number): number {
    let low = 0;
    let high = this.#log.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#log[middle]?.keyValue.modRevision ?? 0) < revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function living(version: WatchEvent | undefined): KeyValue | undefined {
  return version?.kind === "put" ? version.keyValue : undefined;
}

function forgetPrevious({ kind, keyValue }: WatchEvent): WatchEvent {
  return { kind, keyValue };
}
