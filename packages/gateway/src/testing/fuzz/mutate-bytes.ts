/** Mutations that know nothing of what they change. */
import type { Dice } from "./dice.ts";

/** Changes a few places of `bytes`. */
export function mutateBytes(bytes: Buffer, dice: Dice): Buffer {
  let changed = bytes;
  for (let times = 1 + dice.below(3); times > 0; times--) changed = dice.pick(mutations)(changed, dice);
  return changed;
}

type Mutation = (bytes: Buffer, dice: Dice) => Buffer;

const mutations: readonly Mutation[] = [flipBit, setByte, insert, remove, duplicate, truncate, swap];

function flipBit(bytes: Buffer, dice: Dice): Buffer {
  return withByte(bytes, dice, (byte) => byte ^ (1 << dice.below(8)));
}

function setByte(bytes: Buffer, dice: Dice): Buffer {
  return withByte(bytes, dice, () => dice.pick([0, 1, 0x0a, 0x0d, 0x20, 0x7f, 0x80, 0xff, dice.below(256)]));
}

function withByte(bytes: Buffer, dice: Dice, change: (byte: number) => number): Buffer {
  if (bytes.length === 0) return bytes;
  const changed = Buffer.from(bytes);
  const at = dice.below(bytes.length);
  changed[at] = change(changed[at] ?? 0);
  return changed;
}

function insert(bytes: Buffer, dice: Dice): Buffer {
  const at = dice.below(bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, at), dice.bytes(1 + dice.below(8)), bytes.subarray(at)]);
}

function remove(bytes: Buffer, dice: Dice): Buffer {
  const [from, to] = range(bytes, dice);
  return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
}

function duplicate(bytes: Buffer, dice: Dice): Buffer {
  const [from, to] = range(bytes, dice);
  return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]);
}

function truncate(bytes: Buffer, dice: Dice): Buffer {
  return bytes.subarray(0, dice.below(bytes.length + 1));
}

/** Exchanges the two halves around a place. */
function swap(bytes: Buffer, dice: Dice): Buffer {
  const [from, to] = range(bytes, dice);
  const middle = Math.floor((from + to) / 2);
  return Buffer.concat([bytes.subarray(0, from), bytes.subarray(middle, to), bytes.subarray(from, middle), bytes.subarray(to)]);
}

function range(bytes: Buffer, dice: Dice): readonly [from: number, to: number] {
  const from = dice.below(bytes.length + 1);
  const longest = dice.chance(0.8) ? 16 : bytes.length;
  return [from, Math.min(bytes.length, from + dice.below(longest + 1))];
}
