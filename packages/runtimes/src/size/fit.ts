/** Least squares for the calibration of the size formula. */

/** One observation: what was known beforehand, and what it turned out to be. */
export interface Observation {
  readonly terms: readonly number[];
  readonly value: number;
}

/** A fitted formula. */
export interface Fit {
  /** One per term. */
  readonly coefficients: readonly number[];
  readonly rSquared: number;
  /** Largest difference between formula and observation, as a share of the observation. */
  readonly maxRelativeError: number;
}

/**
 * Coefficients that minimise the squared relative error, by the normal equations: what is a tenth off weighs the same in a small
 * observation as in a large one. Observations are above zero.
 */
export function fitLinear(observations: readonly Observation[]): Fit {
  const size = observations[0]?.terms.length ?? 0;
  const scaled = observations.map(({ terms, value }) => terms.map((term) => term / value));
  const rows = Array.from({ length: size }, (_, row) => [
    ...Array.from({ length: size }, (_unused, column) => sum(scaled, (terms) => (terms[row] ?? 0) * (terms[column] ?? 0))),
    sum(scaled, (terms) => terms[row] ?? 0),
  ]);
  const coefficients = solve(rows);
  const predict = (terms: readonly number[]): number => terms.reduce((total, term, index) => total + term * (coefficients[index] ?? 0), 0);
  const mean = sum(observations, ({ value }) => value) / observations.length;
  const unexplained = sum(observations, ({ terms, value }) => (value - predict(terms)) ** 2);
  return {
    coefficients,
    rSquared: 1 - unexplained / sum(observations, ({ value }) => (value - mean) ** 2),
    maxRelativeError: Math.max(...observations.map(({ terms, value }) => Math.abs(value - predict(terms)) / value)),
  };
}

/** Gauss-Jordan elimination with pivoting on an augmented matrix. */
function solve(rows: number[][]): readonly number[] {
  for (let pivot = 0; pivot < rows.length; pivot++) {
    const rest = rows.slice(pivot).toSorted((a, b) => Math.abs(b[pivot] ?? 0) - Math.abs(a[pivot] ?? 0));
    rows.splice(pivot, rest.length, ...rest);
    const head = (rows[pivot] ?? []).map((cell, _index, row) => cell / (row[pivot] ?? 1));
    for (const [index, row] of rows.entries()) {
      const factor = row[pivot] ?? 0;
      rows[index] = index === pivot ? head : row.map((cell, column) => cell - factor * (head[column] ?? 0));
    }
  }
  return rows.map((row) => row.at(-1) ?? 0);
}

function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((total, value) => total + of(value), 0);
}
