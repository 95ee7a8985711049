/** Randomness as a port, so that a test or a simulation replays from its seed. */

/** Source of random numbers. Not for secrets. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
}

/** The engine's own generator. */
export function systemRandom(): Random {
  return { next: () => Math.random() };
}

/** A generator that gives the same numbers for the same seed (mulberry32, public domain). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    },
  };
}

/** A whole number in [0, below). */
export function randomInteger(random: Random, below: number): number {
  return Math.floor(random.next() * below);
}
