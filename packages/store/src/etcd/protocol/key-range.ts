/**
 * Ranges and key values between the contract and etcd's messages. etcd's conventions (RangeRequest.range_end): absent = one key, a zero byte = to the
 * last key, otherwise half-open; a prefix is the interval up to the prefix with its last byte raised.
 */
import { failure } from "@modelyard/core";
import type { KeyRange, KeyValue, WatchEvent } from "../../contract.ts";
import { prefixSpan, spanBytes } from "../../range-bytes.ts";
import type { KeyValueMessage } from "./key-messages.ts";
import { type EventMessage, eventTypes } from "./watch-messages.ts";

/** A range as requests carry it. */
export interface RangeBytes {
  readonly key: Uint8Array;
  readonly rangeEnd: Uint8Array;
}

const zeroByte = Uint8Array.of(0);
const noBytes = new Uint8Array(0);
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The range of a request. */
export function writeRange(range: KeyRange): RangeBytes {
  if (range.kind === "key") return { key: Buffer.from(range.key), rangeEnd: noBytes };
  const { start, end = zeroByte } = spanBytes(range);
  // There is no empty key in etcd: the lowest is one zero byte.
  return { key: start.length === 0 ? zeroByte : start, rangeEnd: end };
}

/** The range a request names; `STORE_INVALID_REQUEST` for bytes that are no text. */
export function readRange({ key, rangeEnd }: RangeBytes): KeyRange {
  if (key.length === 0 && rangeEnd.length === 0) throw failure("STORE_INVALID_REQUEST", { problem: "the key is empty" });
  if (rangeEnd.length === 0) return { kind: "key", key: readKey(key) };
  const isOpen = isZeroByte(rangeEnd);
  if (isOpen && (key.length === 0 || isZeroByte(key))) return { kind: "prefix", prefix: "" };
  const prefix = prefixSpan(key);
  if (prefix.end && Buffer.compare(prefix.end, rangeEnd) === 0) return { kind: "prefix", prefix: readKey(key) };
  return { kind: "span", start: readKey(key), ...(isOpen ? {} : { end: readKey(rangeEnd) }) };
}

/** A key of text; `STORE_INVALID_REQUEST` for bytes that are none. */
export function readKey(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    const problem = "the key is not text: this store takes keys in UTF-8 only";
    throw failure("STORE_INVALID_REQUEST", { problem });
  }
}

export function writeKeyValue({ key, value, createRevision, modRevision, version, leaseId }: KeyValue): KeyValueMessage {
  return { key: Buffer.from(key), value, createRevision, modRevision, version, lease: BigInt(leaseId) };
}

/** The key value in a message, which may be dropped afterwards. */
export function readKeyValue(message: KeyValueMessage): KeyValue {
  return keyValueOf(message, new Uint8Array(message.value));
}

/**
 * The same for all of a page. Their values share one piece of memory, which stays as long as any of them: with a piece for each, a page of 500 took up to
 * 0.8 s of CPU amid two million records, and 0.08 with one (the likely cause, not traced: V8 marks a little at each piece that is added outside of its heap).
 */
export function readKeyValues(messages: readonly KeyValueMessage[]): readonly KeyValue[] {
  const memory = new Uint8Array(messages.reduce((sum, { value }) => sum + value.length, 0));
  let at = 0;
  return messages.map((message) => {
    const from = at;
    at += message.value.length;
    memory.set(message.value, from);
    return keyValueOf(message, memory.subarray(from, at));
  });
}

function keyValueOf({ key, createRevision, modRevision, version, lease }: KeyValueMessage, value: Uint8Array): KeyValue {
  return { key: readKey(key), value, createRevision, modRevision, version, leaseId: Number(lease) };
}

export function writeEvent({ kind, keyValue, previous }: WatchEvent): EventMessage {
  return { type: eventTypes[kind], kv: writeKeyValue(keyValue), ...(previous ? { prevKv: writeKeyValue(previous) } : {}) };
}

export function readEvent({ type, kv, prevKv }: EventMessage): WatchEvent {
  if (!kv) throw failure("STORE_UNAVAILABLE", { why: "it sent an event without a key" });
  const kind = type === eventTypes.delete ? "delete" : "put";
  return { kind, keyValue: readKeyValue(kv), ...(prevKv ? { previous: readKeyValue(prevKv) } : {}) };
}

function isZeroByte(bytes: Uint8Array): boolean {
  return bytes.length === 1 && bytes[0] === 0;
}
