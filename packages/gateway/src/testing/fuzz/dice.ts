/** Choices from a seed: the same input number of the same seed makes the same choices, whatever ran before it. */
import { type Random, randomInteger, seededRandom } from "@modelyard/core";

/** Source of the choices of one input. */
export interface Dice {
  /** A whole number in [0, below). */
  below(below: number): number;
  /** Whether something of the probability `share` happens. */
  chance(share: number): boolean;
  /** One of them; there must be one. */
  pick<T>(choices: readonly T[]): T;
  /** Random bytes. */
  bytes(count: number): Buffer;
  /** A number that is near a border of some format: 0, 1, powers of two and their neighbours. */
  border(maxBits: number): number;
}

/** The dice of one input of a seed. */
export function diceOf(seed: number, input: number): Dice {
  const mixed = Math.imul(seed ^ Math.imul(input + 1, 0x9e37_79b1), 0x85eb_ca6b);
  return rolling(seededRandom(mixed ^ (mixed >>> 15)));
}

function rolling(random: Random): Dice {
  const below = (limit: number): number => randomInteger(random, limit);
  return {
    below,
    chance: (share) => random.next() < share,
    pick<T>(choices: readonly T[]): T {
      return choices[below(choices.length)] as T; // Its callers pass at least one.
    },
    bytes: (count) => Buffer.from(Array.from({ length: count }, () => below(256))),
    border(maxBits) {
      const power = 2 ** below(maxBits + 1);
      return Math.max(0, Math.min(2 ** maxBits - 1, power + below(3) - 1));
    },
  };
}
