/**
 * Writes a message by its table in two passes: the first adds up every size (remembering those of nested messages), the second fills one
 * buffer of exactly that size. Fields go out by number, unknown ones after them.
 */
import { assert } from "@modelyard/core";
import type { CompiledField, MessageType } from "./message-type.ts";
import { ProtoWriter, sizeOfDelimited } from "./proto-writer.ts";

/** Options of {@link writeMessage}. */
export interface WriteMessageOptions {
  /** Bytes left free in front of the message, for example 5 for the prefix of a gRPC message. Default 0. */
  readonly headroomBytes?: number;
}

type Source = Readonly<Record<string, unknown>>;

/** Lengths of nested messages and packed lists, in the order both passes meet them. */
interface Lengths {
  readonly values: number[];
  next: number;
}

/** Writes one message. */
export function writeMessage<T>(type: MessageType<T>, message: T, options: WriteMessageOptions = {}): Uint8Array {
  const { headroomBytes = 0 } = options;
  const lengths: Lengths = { values: [], next: 0 };
  // The table was checked against T when it was written (FieldsOf).
  const source = message as Source;
  const size = measure(type, source, lengths);
  const writer = new ProtoWriter(Buffer.allocUnsafe(headroomBytes + size), headroomBytes);
  write(type, source, { writer, lengths });
  assert(writer.position === headroomBytes + size, "a protobuf message has its computed size");
  return writer.target;
}

function measure(type: MessageType<unknown>, source: Source, lengths: Lengths): number {
  let size = 0;
  for (const field of type.fields) size += measureField(field, source[field.name], lengths);
  for (const raw of unknownFields(source)) size += raw.length;
  return size;
}

function measureField(field: CompiledField, value: unknown, lengths: Lengths): number {
  if (isAbsent(field, value)) return 0;
  // Each presence fixes the value's form (FieldsOf).
  if (field.presence === "packed") return measurePacked(field, value as readonly unknown[], lengths);
  if (field.presence !== "repeated") return field.tagSize + measureValue(field, value, lengths);
  let size = 0;
  for (const element of value as readonly unknown[]) size += field.tagSize + measureValue(field, element, lengths);
  return size;
}

function measureValue(field: CompiledField, value: unknown, lengths: Lengths): number {
  if (field.scalar) return field.scalar.size(value);
  const slot = lengths.values.push(0) - 1;
  const size = measure(messageOf(field), value as Source, lengths);
  lengths.values[slot] = size;
  return sizeOfDelimited(size);
}

function measurePacked(field: CompiledField, list: readonly unknown[], lengths: Lengths): number {
  let size = 0;
  for (const element of list) size += field.scalar?.size(element) ?? 0;
  lengths.values.push(size);
  return field.tagSize + sizeOfDelimited(size);
}

interface Writing {
  readonly writer: ProtoWriter;
  readonly lengths: Lengths;
}

function write(type: MessageType<unknown>, source: Source, writing: Writing): void {
  for (const field of type.fields) {
    const value = source[field.name];
    if (!isAbsent(field, value)) writeField(field, value, writing);
  }
  for (const raw of unknownFields(source)) writing.writer.raw(raw);
}

function writeField(field: CompiledField, value: unknown, writing: Writing): void {
  if (field.presence === "packed") {
    writing.writer.tag(field.tag);
    writing.writer.uint32(nextLength(writing.lengths));
    for (const element of value as readonly unknown[]) field.scalar?.write(writing.writer, element);
  } else if (field.presence === "repeated") {
    for (const element of value as readonly unknown[]) writeValue(field, element, writing);
  } else writeValue(field, value, writing);
}

function writeValue(field: CompiledField, value: unknown, writing: Writing): void {
  writing.writer.tag(field.tag);
  if (field.scalar) {
    field.scalar.write(writing.writer, value);
    return;
  }
  writing.writer.uint32(nextLength(writing.lengths));
  write(messageOf(field), value as Source, writing);
}

function isAbsent(field: CompiledField, value: unknown): boolean {
  if (value === undefined) return true;
  if (field.presence === "optional") return false;
  if (field.isList) return (value as readonly unknown[]).length === 0;
  // Bytes have a length; for the other scalars zero is one value. -0 is written: it is not zero bit for bit.
  return value instanceof Uint8Array ? value.length === 0 : Object.is(value, field.scalar?.zero);
}

function unknownFields(source: Source): readonly Uint8Array[] {
  return (source["unknownFields"] as readonly Uint8Array[] | undefined) ?? [];
}

function messageOf(field: CompiledField): MessageType<unknown> {
  const type = field.message?.();
  assert(type, `the field ${field.name} has a type`);
  return type;
}

function nextLength(lengths: Lengths): number {
  return lengths.values[lengths.next++] ?? 0;
}
