/** Short forms of what users of a store write all the time. */
import type { Compare, KeyValue, Operation, Store, WaitOptions } from "./contract.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** An operation that writes a key; `leaseId` 0 or absent attaches it to no lease. */
export function putOperation(key: string, value: Uint8Array, leaseId = 0): Operation {
  return { kind: "put", key, value, leaseId };
}

/** An operation that deletes one key. */
export function deleteOperation(key: string): Operation {
  return { kind: "delete", range: { kind: "key", key } };
}

/** A condition that the key was last changed at this revision; 0 = that it is absent. */
export function compareModRevision(key: string, revision: number): Compare {
  return { key, result: "equal", target: "modRevision", value: revision };
}

/** The key as it stands, or undefined. */
export async function getKey(store: Store, key: string, options: WaitOptions = {}): Promise<KeyValue | undefined> {
  const { keyValues } = await store.range({ range: { kind: "key", key } }, options);
  return keyValues[0];
}

/** A JSON value as the bytes of a key. */
export function encodeJson(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

/** The JSON value in the bytes of a key; `SyntaxError` or `TypeError` when they hold none. */
export function decodeJson(bytes: Uint8Array): unknown {
  return JSON.parse(decoder.decode(bytes));
}
