/** Checks of our own code: a failure here is a defect of the product, never of its input. */

/** Fails with `INTERNAL` at the edge when an invariant of our own code does not hold. */
export function assert(condition: unknown, invariant: string): asserts condition {
  if (!condition) throw new Error(`Invariant does not hold: ${invariant}`);
}

/** Ends an exhaustive `switch`: the compiler refuses it while a case is left. */
export function assertNever(value: never): never {
  throw new Error(`Invariant does not hold: unexpected value ${JSON.stringify(value)}`);
}
