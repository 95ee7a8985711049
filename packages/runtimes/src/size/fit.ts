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
  /** Largest difference between formula and observation. */
  readonly maxError: number;
}

/** Coefficients that minimise the squared error, by the normal equations. */
export function fitLinear(observations: readonly Observation[]): Fit {
  const size = observations[0]?.terms.length ?? 0;
  const rows = Array.from({ length: size }, (_, row) => [
    ...Array.from({ length: size }, (_unused, column) => sum(observations, ({ terms }) => (terms[row] ?? 0) * (terms[column] ?? 0))),
    sum(observations, ({ terms, value }) => (terms[row] ?? 0) * value),
  ]);
  const coefficients = solve(rows);
  const errors = observations.map(
    ({ terms, value }) =>
      value -
      sum(
        terms.map((term, index) => term * (coefficients[index] ?? 0)),
        (part) => part,
      ),
  );
  const mean = sum(observations, ({ value }) => value) / observations.length;
  const rSquared = 1 - sum(errors, (error) => error ** 2) / sum(observations, ({ value }) => (value - mean) ** 2);
  return { coefficients, rSquared, maxError: Math.max(...errors.map(Math.abs)) };
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
