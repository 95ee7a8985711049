/** What the contract suite needs of a driver, and short forms its tests share. */
import type { KeyValue, RangeResponse, Store, Transaction, TransactionResponse, Watch, WatchEvent } from "../contract.ts";

/** A store opened for one test. */
export interface StoreUnderTest {
  readonly store: Store;
  /** Lets lease time pass: moves a fake clock, or returns at once where time is real and the test waits for its effect. */
  readonly passSeconds: (seconds: number) => Promise<void>;
  /** Ends the store and what is behind it. */
  close(): Promise<void>;
}

/** Text as the value of a key. */
export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The value of a key as text. */
export function text(keyValue: KeyValue | undefined): string | undefined {
  return keyValue && new TextDecoder().decode(keyValue.value);
}

/** Writes one key. */
export function put(store: Store, key: string, value = ""): Promise<TransactionResponse> {
  return run(store, { kind: "put", key, value: bytes(value) });
}

/** Writes one key without a value, attached to a lease. */
export function attach(store: Store, key: string, leaseId: number): Promise<TransactionResponse> {
  return run(store, { kind: "put", key, value: bytes(""), leaseId });
}

/** Deletes one key. */
export function remove(store: Store, key: string): Promise<TransactionResponse> {
  return store.transact({ success: [{ kind: "delete", range: { kind: "key", key } }] });
}

/** Runs the branch of a transaction without conditions. */
export function run(store: Store, ...success: Transaction["success"]): Promise<TransactionResponse> {
  return store.transact({ success });
}

/** Every key. */
export function all(store: Store, revision = 0): Promise<RangeResponse> {
  return store.range({ range: { kind: "prefix", prefix: "" }, revision });
}

/** The store's revision. */
export async function revisionOf(store: Store): Promise<number> {
  return (await store.range({ range: { kind: "key", key: "any" }, countOnly: true })).revision;
}

/** `key=value` of each, in order. */
export function pairs(keyValues: readonly KeyValue[]): readonly string[] {
  return keyValues.map((one) => `${one.key}=${text(one)}`);
}

/** `put key=value` or `delete key` of each event, in order. */
export function told(events: readonly WatchEvent[]): readonly string[] {
  return events.map(({ kind, keyValue }) => (kind === "put" ? `put ${keyValue.key}=${text(keyValue)}` : `delete ${keyValue.key}`));
}

/** A store that passes everything on: a test replaces the method it wants to go wrong. */
export function delegatingStore(store: Store): Store {
  return {
    range: (request, options) => store.range(request, options),
    transact: (transaction, options) => store.transact(transaction, options),
    watch: (request) => store.watch(request),
    compact: (revision, options) => store.compact(revision, options),
    grantLease: (request, options) => store.grantLease(request, options),
    keepAliveLease: (leaseId, options) => store.keepAliveLease(leaseId, options),
    revokeLease: (leaseId, options) => store.revokeLease(leaseId, options),
    leaseFacts: (leaseId, options) => store.leaseFacts(leaseId, options),
    close: () => store.close(),
  };
}

/** Takes events from a watch a few at a time. */
export class WatchReader {
  readonly #iterator: AsyncIterator<{ readonly revision: number; readonly events: readonly WatchEvent[] }>;
  readonly #left: WatchEvent[] = [];

  constructor(watch: Watch) {
    this.#iterator = watch[Symbol.asyncIterator]();
  }

  /** The next `count` events; throws what the watch throws. */
  async take(count: number): Promise<readonly WatchEvent[]> {
    while (this.#left.length < count) {
      const next = await this.#iterator.next();
      if (next.done) throw new Error(`The watch ended with ${this.#left.length} of ${count} events`);
      this.#left.push(...next.value.events);
    }
    return this.#left.splice(0, count);
  }

  /** Waits for the end: the error of the watch, or undefined when it was closed. */
  async ending(): Promise<unknown> {
    try {
      for (;;) if ((await this.#iterator.next()).done) return undefined;
    } catch (error) {
      return error;
    }
  }
}
