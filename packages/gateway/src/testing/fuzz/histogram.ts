/** Counts by label. */
export class Histogram {
  readonly #counts = new Map<string, number>();

  add(label: string): void {
    this.#counts.set(label, (this.#counts.get(label) ?? 0) + 1);
  }

  /** The most frequent first; equal ones by their label. */
  entries(): readonly (readonly [label: string, count: number])[] {
    return [...this.#counts].toSorted(([a, left], [b, right]) => right - left || (a < b ? -1 : 1));
  }

  /** Lines for people. */
  lines(): readonly string[] {
    return this.entries().map(([label, count]) => `${String(count).padStart(9)}  ${label}`);
  }
}
