/**
 * Reads a message by its table. Views, not copies: `bytes` fields and unknown fields share memory with the input, which must not change
 * while the message is in use. A field with the wire type of another is unknown, as the protobuf libraries have it.
 */
import type { CompiledField, MessageType } from "./message-type.ts";
import { ProtoReader, wireDelimited } from "./proto-reader.ts";

/** Options of {@link readMessage}. */
export interface ReadMessageOptions {
  /** Keep fields the table does not name, for a lossless round trip. Default false: they are skipped. */
  readonly keepUnknown?: boolean;
  /** Most fields and list elements in all, nested ones included: bounds the memory a small message can ask for. Default 2^24. */
  readonly maxFields?: number;
}

interface Reading {
  readonly reader: ProtoReader;
  readonly keepUnknown: boolean;
  fieldsLeft: number;
  /** The field being read: its tag and where that began. */
  tag: number;
  tagStart: number;
}

type Target = Record<string, unknown>;

const defaultMaxFields = 2 ** 24;

/** Reads the whole of `bytes` as one message; fails with `PROTOBUF_INVALID`. */
export function readMessage<T>(type: MessageType<T>, bytes: Uint8Array, options: ReadMessageOptions = {}): T {
  const { keepUnknown = false, maxFields = defaultMaxFields } = options;
  const reading: Reading = { reader: new ProtoReader(bytes), keepUnknown, fieldsLeft: maxFields, tag: 0, tagStart: 0 };
  // The table was checked against T when it was written (FieldsOf).
  return readFields(type, emptyMessage(type), reading) as T;
}

function readFields(type: MessageType<unknown>, target: Target, reading: Reading): Target {
  const { reader } = reading;
  while (!reader.isAtEnd) {
    spend(reading);
    reading.tagStart = reader.position;
    reading.tag = reader.tag();
    const field = type.byTag.get(reading.tag);
    if (field) readField(field, target, reading);
    else readUnknown(target, reading);
  }
  return target;
}

function emptyMessage(type: MessageType<unknown>): Target {
  const target: Target = {};
  for (const field of type.fields) {
    if (field.isList) target[field.name] = [];
    else if (field.presence === "implicit") target[field.name] = field.scalar?.zero;
  }
  return target;
}

function readField(field: CompiledField, target: Target, reading: Reading): void {
  if (!field.isList) {
    target[field.name] = readValue(field, target[field.name], reading);
    return;
  }
  // Lists are made by emptyMessage.
  const list = target[field.name] as unknown[];
  const isPacked = field.scalar !== undefined && (reading.tag & 7) === wireDelimited && field.scalar.wire !== wireDelimited;
  if (isPacked) readPacked(field, list, reading);
  else list.push(readValue(field, undefined, reading));
}

function readValue(field: CompiledField, earlier: unknown, reading: Reading): unknown {
  if (field.scalar) return field.scalar.read(reading.reader);
  const type = field.message?.();
  if (!type) return undefined;
  const outerEnd = reading.reader.enter();
  // A message that occurs twice is merged, not replaced (encoding guide, "Last One Wins").
  const value = readFields(type, (earlier as Target | undefined) ?? emptyMessage(type), reading);
  reading.reader.leave(outerEnd);
  return value;
}

function readPacked(field: CompiledField, list: unknown[], reading: Reading): void {
  const { reader } = reading;
  const outerEnd = reader.enter();
  while (!reader.isAtEnd) {
    spend(reading);
    list.push(field.scalar?.read(reader));
  }
  reader.leave(outerEnd);
}

function readUnknown(target: Target, reading: Reading): void {
  const { reader, tag, tagStart } = reading;
  reader.skip(tag);
  if (!reading.keepUnknown) return;
  const raw = reader.source.subarray(tagStart, reader.position);
  const kept = target["unknownFields"] as Uint8Array[] | undefined;
  if (kept) kept.push(raw);
  else target["unknownFields"] = [raw];
}

function spend(reading: Reading): void {
  if (--reading.fieldsLeft < 0) throw reading.reader.invalid("it has more fields than are accepted");
}
