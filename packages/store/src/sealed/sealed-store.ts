/**
 * A store some of whose values are encrypted: whoever reads the file, a copy of it, or the store behind this one sees ciphertext.
 * Keys, revisions and lengths stay visible.
 *
 * A compare of a sealed key's value is not possible, as equal values are sealed differently: compare revisions.
 */
import { assert, assertNever } from "@modelyard/core";
import type {
  KeyValue,
  Operation,
  OperationResponse,
  RangeResponse,
  Store,
  Transaction,
  Watch,
  WatchBatch,
  WatchEvent,
  WatchRequest,
} from "../contract.ts";
import type { ValueSeal } from "./value-seal.ts";

/** Options of {@link sealedStore}. */
export interface SealedStoreOptions {
  readonly seal: ValueSeal;
  /** Which keys' values are encrypted. */
  readonly isSealed: (key: string) => boolean;
}

/** The store with the values of some keys encrypted. Closing it closes the store behind it. */
export function sealedStore(store: Store, options: SealedStoreOptions): Store {
  const seals = new Seals(options);
  return {
    range: async (request, wait) => seals.openRange(await store.range(request, wait)),
    async transact(transaction, wait) {
      const answer = await store.transact(seals.sealTransaction(transaction), wait);
      return { ...answer, responses: answer.responses.map((one) => seals.openResponse(one)) };
    },
    watch: (request) => openWatch(store, request, seals),
    compact: (revision, wait) => store.compact(revision, wait),
    grantLease: (request, wait) => store.grantLease(request, wait),
    keepAliveLease: (leaseId, wait) => store.keepAliveLease(leaseId, wait),
    revokeLease: (leaseId, wait) => store.revokeLease(leaseId, wait),
    leaseFacts: (leaseId, wait) => store.leaseFacts(leaseId, wait),
    close: () => store.close(),
  };
}

class Seals {
  readonly #options: SealedStoreOptions;

  constructor(options: SealedStoreOptions) {
    this.#options = options;
  }

  sealTransaction(transaction: Transaction): Transaction {
    const { compare = [], success, failure = [] } = transaction;
    const comparesSealed = compare.some(({ key, target }) => target === "value" && this.#options.isSealed(key));
    assert(!comparesSealed, "the value of a sealed key is not compared");
    const sealAll = (operations: readonly Operation[]): readonly Operation[] => operations.map((one) => this.#sealOperation(one));
    return { ...transaction, success: sealAll(success), failure: sealAll(failure) };
  }

  openRange(response: RangeResponse): RangeResponse {
    return { ...response, keyValues: response.keyValues.map((one) => this.#open(one)) };
  }

  openResponse(response: OperationResponse): OperationResponse {
    switch (response.kind) {
      case "range":
        return { kind: "range", response: this.openRange(response.response) };
      case "delete":
        return { ...response, previous: response.previous.map((one) => this.#open(one)) };
      case "put":
        return response.previous ? { ...response, previous: this.#open(response.previous) } : response;
      default:
        return assertNever(response);
    }
  }

  openEvent(event: WatchEvent): WatchEvent {
    const keyValue = event.kind === "put" ? this.#open(event.keyValue) : event.keyValue;
    return { ...event, keyValue, ...(event.previous && { previous: this.#open(event.previous) }) };
  }

  #sealOperation(operation: Operation): Operation {
    if (operation.kind !== "put" || !this.#options.isSealed(operation.key)) return operation;
    return { ...operation, value: this.#options.seal.seal(operation.key, operation.value) };
  }

  /** A read of keys alone has no value to open. */
  #open(keyValue: KeyValue): KeyValue {
    if (keyValue.value.length === 0 || !this.#options.isSealed(keyValue.key)) return keyValue;
    return { ...keyValue, value: this.#options.seal.open(keyValue.key, keyValue.value) };
  }
}

function openWatch(store: Store, request: WatchRequest, seals: Seals): Watch {
  const watch = store.watch(request);
  const iterate = async function* (): AsyncGenerator<WatchBatch, void, undefined> {
    try {
      for await (const batch of watch) yield { ...batch, events: batch.events.map((event) => seals.openEvent(event)) };
    } finally {
      watch.close();
    }
  };
  return { started: watch.started, close: () => watch.close(), [Symbol.asyncIterator]: iterate };
}
