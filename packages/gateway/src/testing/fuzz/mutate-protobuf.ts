/** Mutations of a protobuf message by its tags and lengths, at any depth, and of the prefixes of gRPC messages. */
import type { Dice } from "./dice.ts";

/** A field as it stands in a message. */
interface WireField {
  readonly start: number;
  readonly contentStart: number;
  readonly end: number;
  readonly wireType: number;
}

/** Changes one of the messages of a gRPC body, or the prefix of one (a flag and the length). */
export function mutateGrpcBody(body: Buffer, dice: Dice): Buffer {
  const messages = messagesOf(body);
  if (messages.length === 0) return Buffer.concat([body, dice.bytes(dice.below(8))]);
  const at = dice.below(messages.length);
  const changed = messages.map((message, index) => {
    if (index !== at) return withPrefix(message, 0, message.length);
    if (dice.chance(0.8)) return framedAgain(mutateProtobuf(message, dice));
    return withPrefix(message, dice.pick([0, 1, 2, 255]), dice.pick([message.length + 1, message.length - 1, dice.border(32)]) >>> 0);
  });
  if (dice.chance(0.1)) changed.push(...changed.slice(-1));
  return Buffer.concat(changed);
}

/** Changes one field of a message. */
function mutateProtobuf(message: Buffer, dice: Dice): Buffer {
  const fields = fieldsOf(message);
  if (fields.length === 0) return Buffer.concat([message, dice.bytes(1 + dice.below(6))]);
  const field = dice.pick(fields);
  const before = message.subarray(0, field.start);
  const whole = message.subarray(field.start, field.end);
  const content = message.subarray(field.contentStart, field.end);
  const after = message.subarray(field.end);
  const tag = message[field.start] ?? 0;
  switch (dice.below(7)) {
    case 0:
      return Buffer.concat([before, after]);
    case 1:
      return Buffer.concat([before, whole, whole, after]);
    case 2:
      return Buffer.concat([before, Buffer.from([(tag & 0x78) | dice.below(8)]), message.subarray(field.start + 1)]);
    case 3:
      return Buffer.concat([before, Buffer.from([(tag & 7) | (dice.below(16) << 3)]), message.subarray(field.start + 1)]);
    case 4:
      return field.wireType === 2 ? Buffer.concat([before, Buffer.from([tag]), varint(dice.border(35)), content, after]) : message;
    default: {
      if (field.wireType !== 2) return Buffer.concat([before, Buffer.from([tag]), varint(dice.border(50)), after]);
      const inner = dice.chance(0.7) ? mutateProtobuf(content, dice) : dice.bytes(dice.below(20));
      return Buffer.concat([before, Buffer.from([tag]), varint(inner.length), inner, after]);
    }
  }
}

/** The fields that a message begins with, as far as its bytes can be read as such. */
function fieldsOf(message: Buffer): readonly WireField[] {
  const fields: WireField[] = [];
  for (let start = 0; start < message.length; ) {
    const wireType = (message[start] ?? 0) & 7;
    const place = placeOf(message, start + 1, wireType);
    if (!place || place.end > message.length) return fields;
    fields.push({ start, wireType, ...place });
    start = place.end;
  }
  return fields;
}

function placeOf(message: Buffer, at: number, wireType: number): Pick<WireField, "contentStart" | "end"> | undefined {
  if (wireType === 1) return { contentStart: at, end: at + 8 };
  if (wireType === 5) return { contentStart: at, end: at + 4 };
  if (wireType !== 0 && wireType !== 2) return undefined;
  let value = 0;
  for (let length = 0; length < 5 && at + length < message.length; length++) {
    const byte = message[at + length] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * length);
    if (byte < 0x80) return wireType === 0 ? { contentStart: at, end: at + length + 1 } : behind(at + length + 1, value);
  }
  return undefined;
}

function behind(contentStart: number, size: number): Pick<WireField, "contentStart" | "end"> {
  return { contentStart, end: contentStart + size };
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let left = value;
  for (; left >= 0x80; left = Math.floor(left / 0x80)) bytes.push((left % 0x80) | 0x80);
  return Buffer.from([...bytes, left]);
}

function messagesOf(body: Buffer): readonly Buffer[] {
  const messages: Buffer[] = [];
  for (let at = 0; at + 5 <= body.length; ) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    messages.push(body.subarray(at + 5, end));
    at = end;
  }
  return messages;
}

function framedAgain(message: Buffer): Buffer {
  return withPrefix(message, 0, message.length);
}

function withPrefix(message: Buffer, flag: number, length: number): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(flag);
  prefix.writeUInt32BE(length >>> 0, 1);
  return Buffer.concat([prefix, message]);
}
