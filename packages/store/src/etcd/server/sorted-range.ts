/** The reads of etcd that the contract has no word for: sorting by something else than the key, and filters on revisions. */
import { failure } from "@modelyard/core";
import type { KeyValue, RangeResponse, Store, WaitOptions } from "../../contract.ts";
import type { RangeRequestMessage } from "../protocol/key-messages.ts";
import { readRangeRequest } from "../protocol/transaction-conversion.ts";

/** RangeRequest.SortOrder. */
const descending = 2;

/** RangeRequest.SortTarget: key, version, create, mod, value. */
const orders: readonly ((a: KeyValue, b: KeyValue) => number)[] = [
  () => 0,
  (a, b) => a.version - b.version,
  (a, b) => a.createRevision - b.createRevision,
  (a, b) => a.modRevision - b.modRevision,
  (a, b) => Buffer.compare(a.value, b.value),
];

/** Answers a read as etcd does. */
export async function sortedRange(store: Store, message: RangeRequestMessage, options: WaitOptions): Promise<RangeResponse> {
  const request = readRangeRequest(message);
  if (isPlain(message)) return store.range(request, options);
  const { limit = 0, keysOnly = false, ...unlimited } = request;
  const all = await store.range(unlimited, options);
  const found = sorted(
    all.keyValues.filter((one) => isWanted(message, one)),
    message,
  );
  const cut = limit === 0 ? found : found.slice(0, limit);
  const keyValues = keysOnly ? cut.map((one) => ({ ...one, value: new Uint8Array(0) })) : cut;
  return { ...all, keyValues, more: cut.length < found.length };
}

function isPlain(message: RangeRequestMessage): boolean {
  const { sortOrder, sortTarget, minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = message;
  const isUnfiltered = !minModRevision && !maxModRevision && !minCreateRevision && !maxCreateRevision;
  return isUnfiltered && sortTarget === 0 && sortOrder !== descending;
}

function isWanted(message: RangeRequestMessage, { modRevision, createRevision }: KeyValue): boolean {
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = message;
  return (
    modRevision >= minModRevision &&
    createRevision >= minCreateRevision &&
    (maxModRevision === 0 || modRevision <= maxModRevision) &&
    (maxCreateRevision === 0 || createRevision <= maxCreateRevision)
  );
}

/** The store gives keys in their order, and sorting keeps the order of equals. */
function sorted(keyValues: readonly KeyValue[], { sortOrder, sortTarget }: RangeRequestMessage): readonly KeyValue[] {
  const order = orders[sortTarget];
  if (!order) throw failure("STORE_INVALID_REQUEST", { problem: `the sort target ${sortTarget} is unknown` });
  const ascending = keyValues.toSorted(order);
  return sortOrder === descending ? ascending.toReversed() : ascending;
}
