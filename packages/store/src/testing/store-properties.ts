/** Random sequences of requests, judged against {@link HistoryModel}: what a store answers, what its watches give, what it forgets. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Compare, KeyRange, Operation, Store, Transaction } from "../contract.ts";
import { inRange } from "../key-order.ts";
import { HistoryModel } from "./history-model.ts";
import { bytes, put, revisionOf, type StoreUnderTest, WatchReader } from "./store-under-test.ts";

type Step =
  | { readonly kind: "transact"; readonly transaction: Transaction; readonly lease: number }
  | { readonly kind: "range"; readonly range: KeyRange; readonly back: number; readonly limit: number }
  | { readonly kind: "watch"; readonly range: KeyRange; readonly back: number }
  | { readonly kind: "compact"; readonly back: number }
  | { readonly kind: "grant"; readonly ttlSeconds: number }
  | { readonly kind: "keepAlive" | "revoke"; readonly lease: number }
  | { readonly kind: "pass"; readonly seconds: number };

interface Lease {
  readonly leaseId: number;
  readonly ttlSeconds: number;
  endsAt: number;
}

interface Watched {
  readonly reader: WatchReader;
  readonly range: KeyRange;
  readonly from: number;
}

const keys = ["a", "a/1", "a/2", "b", "é", "\u{ffff}", "\u{10000}"];
const key = fc.constantFrom(...keys);
const value = fc.constantFrom("", "x", "y", "longer value").map(bytes);
const range: fc.Arbitrary<KeyRange> = fc.oneof(
  key.map((one) => ({ kind: "key", key: one }) as const),
  fc.constantFrom("", "a", "a/").map((prefix) => ({ kind: "prefix", prefix }) as const),
  fc.tuple(key, key).map(([start, end]) => ({ kind: "span", start, end }) as const),
  key.map((start) => ({ kind: "span", start }) as const),
);
const result = fc.constantFrom("equal", "greater", "less", "notEqual");
const compare: fc.Arbitrary<Compare> = fc.oneof(
  fc.record({ key, result, target: fc.constant("value"), value }),
  fc.record({ key, result, target: fc.constantFrom("createRevision", "modRevision", "version"), value: fc.nat(12) }),
);
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("put"), key, value }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("delete"), range }) },
);
const branch = fc.array(operation, { maxLength: 4 }).map(withoutConflicts);
const transaction = fc.record({ compare: fc.array(compare, { maxLength: 2 }), success: branch, failure: branch });
const back = fc.nat(10);
const lease = fc.nat(5);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("transact"), transaction, lease }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("range"), range, back, limit: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("watch"), range, back }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("compact"), back }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("grant"), ttlSeconds: fc.integer({ min: 1, max: 20 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("keepAlive", "revoke"), lease }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("pass"), seconds: fc.integer({ min: 1, max: 8 }) }) },
);

/** Registers the property tests; `open` gives a store without keys that nobody else uses and whose time the test owns. */
export function storeProperties(name: string, open: () => Promise<StoreUnderTest>, runs = 200): void {
  describe(`store properties: ${name}`, () => {
    test("any sequence of requests is answered as a plain list of snapshots would", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
          const opened = await open();
          try {
            const comparison = new Comparison(opened, new HistoryModel(await revisionOf(opened.store)));
            for (const one of steps) await comparison.run(one);
            await comparison.finish();
          } finally {
            await opened.close();
          }
        }),
        { numRuns: runs },
      );
    });
  });
}

/** One run: the store and the model side by side. */
class Comparison {
  readonly #opened: StoreUnderTest;
  readonly #store: Store;
  readonly #model: HistoryModel;
  readonly #watched: Watched[] = [];
  #leases: Lease[] = [];
  #nowSeconds = 0;

  constructor(opened: StoreUnderTest, model: HistoryModel) {
    this.#opened = opened;
    this.#store = opened.store;
    this.#model = model;
  }

  async run(one: Step): Promise<void> {
    switch (one.kind) {
      case "transact":
        return this.#transact(one.transaction, this.#leases[one.lease]?.leaseId ?? 0);
      case "range":
        return this.#range(one);
      case "watch":
        return this.#watch(one);
      case "compact":
        return this.#compact(one.back);
      case "grant":
        return this.#grant(one.ttlSeconds);
      case "keepAlive":
        return this.#keepAlive(this.#leases[one.lease]);
      case "revoke":
        return this.#revoke(this.#leases[one.lease]);
      case "pass":
        return this.#pass(one.seconds);
    }
  }

  /** Every watch has seen exactly the events of its range, up to a last one that it is given now. */
  async finish(): Promise<void> {
    const sentinel = "sentinel";
    const watchedSentinel = this.#store.watch({ range: { kind: "key", key: sentinel } });
    await watchedSentinel.started;
    await put(this.#store, sentinel);
    await new WatchReader(watchedSentinel).take(1);
    for (const { reader, range: watched, from } of this.#watched) {
      const expected = this.#model.events.filter((event) => event.keyValue.modRevision >= from && inRange(watched, event.keyValue.key));
      expect(await reader.take(expected.length)).toEqual(expected);
    }
  }

  async #transact(asked: Transaction, leaseId: number): Promise<void> {
    const attached = { ...asked, success: asked.success.map((one) => (one.kind === "put" ? { ...one, leaseId } : one)) };
    const succeeded = this.#model.transact(attached);
    expect(await this.#store.transact(attached)).toMatchObject({ succeeded, revision: this.#model.revision });
  }

  async #range(one: Step & { readonly kind: "range" }): Promise<void> {
    const revision = this.#model.revision - one.back;
    const request = { range: one.range, revision, limit: one.limit };
    if (revision < 1) return;
    if (revision < this.#model.compactedRevision) {
      await expect(this.#store.range(request)).rejects.toMatchObject({ reason: "STORE_COMPACTED" });
      return;
    }
    const expected = { revision: this.#model.revision, ...this.#model.range(one.range, revision, one.limit) };
    expect(await this.#store.range(request)).toEqual(expected);
  }

  async #watch(one: Step & { readonly kind: "watch" }): Promise<void> {
    const from = this.#model.revision + 1 - one.back;
    if (from < 1) return;
    const watch = this.#store.watch({ range: one.range, startRevision: from });
    if (from <= this.#model.compactedRevision) {
      await expect(watch.started).rejects.toMatchObject({ reason: "STORE_COMPACTED" });
      return;
    }
    expect(await watch.started).toBe(this.#model.revision);
    const reader = new WatchReader(watch);
    // What is already history is read at once: a compaction may take it away from a watch that has not read it.
    const past = this.#model.events.filter(({ keyValue }) => keyValue.modRevision >= from && inRange(one.range, keyValue.key));
    expect(await reader.take(past.length)).toEqual(past);
    this.#watched.push({ reader, range: one.range, from: this.#model.revision + 1 });
  }

  async #compact(steps: number): Promise<void> {
    const revision = this.#model.revision - steps;
    if (revision < 1) return;
    if (revision <= this.#model.compactedRevision) {
      await expect(this.#store.compact(revision)).rejects.toMatchObject({ reason: "STORE_COMPACTED" });
      return;
    }
    await this.#store.compact(revision);
    this.#model.compactedRevision = revision;
  }

  async #grant(ttlSeconds: number): Promise<void> {
    const { leaseId } = await this.#store.grantLease({ ttlSeconds });
    this.#leases.push({ leaseId, ttlSeconds, endsAt: this.#nowSeconds + ttlSeconds });
  }

  async #keepAlive(one: Lease | undefined): Promise<void> {
    if (!one) return;
    await this.#store.keepAliveLease(one.leaseId);
    one.endsAt = this.#nowSeconds + one.ttlSeconds;
  }

  async #revoke(one: Lease | undefined): Promise<void> {
    if (!one) return;
    await this.#store.revokeLease(one.leaseId);
    this.#end(one);
  }

  async #pass(seconds: number): Promise<void> {
    for (let passed = 0; passed < seconds; passed++) {
      this.#nowSeconds++;
      const ended = this.#leases.filter(({ endsAt }) => endsAt <= this.#nowSeconds);
      await this.#opened.passSeconds(1);
      for (const one of ended) {
        // Written in the order of granting by the store too, but through its queue: wait until it is done.
        await this.#gone(one.leaseId);
      }
      // Leases that end together end in the order in which they were last given their time.
      for (const one of ended.toSorted((a, b) => this.#revisionOfEnd(a) - this.#revisionOfEnd(b))) this.#end(one);
    }
    await this.#agree();
  }

  /** Which of the leases that end in one instant comes first is the store's choice: read it from what it did. */
  #revisionOfEnd(one: Lease): number {
    return this.#ends.get(one.leaseId) ?? 0;
  }

  readonly #ends = new Map<number, number>();

  async #gone(leaseId: number): Promise<void> {
    const attached = [...this.#model.now.values()].find((one) => one.leaseId === leaseId);
    if (!attached) return;
    const watch = this.#store.watch({ range: { kind: "key", key: attached.key }, startRevision: this.#model.revision + 1 });
    const [event] = await new WatchReader(watch).take(1);
    watch.close();
    this.#ends.set(leaseId, event?.keyValue.modRevision ?? 0);
  }

  #end(one: Lease): void {
    this.#leases = this.#leases.filter(({ leaseId }) => leaseId !== one.leaseId);
    this.#model.endLease(one.leaseId);
  }

  async #agree(): Promise<void> {
    const everything: KeyRange = { kind: "prefix", prefix: "" };
    const expected = { revision: this.#model.revision, ...this.#model.range(everything, this.#model.revision, 0) };
    expect(await this.#store.range({ range: everything })).toEqual(expected);
  }
}

/** A branch may not write a key twice: later operations that would are left out. */
function withoutConflicts(operations: readonly Operation[]): readonly Operation[] {
  const kept: Operation[] = [];
  for (const one of operations) if (!kept.some((other) => conflict(one, other))) kept.push(one);
  return kept;
}

function conflict(a: Operation, b: Operation): boolean {
  if (a.kind === "put" && b.kind === "put") return a.key === b.key;
  if (a.kind === "put" && b.kind === "delete") return inRange(b.range, a.key);
  return a.kind === "delete" && b.kind === "put" && inRange(a.range, b.key);
}
