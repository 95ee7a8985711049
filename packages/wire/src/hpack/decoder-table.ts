/** The dynamic table of an HPACK decoder (RFC 7541 §2.3.2, §4): a ring of entries, evicted oldest first to stay within its size. */
import type { Field } from "../message/fields.ts";

/** Size an entry counts for (RFC 7541 §4.1). */
export function entrySize(name: string, value: string): number {
  return name.length + value.length + 32;
}

/** A dynamic table. */
export class DecoderTable {
  readonly #entries: (Field | undefined)[] = [];
  #oldest = 0;
  #sizeBytes = 0;
  #maxBytes: number;
  /** Counts changes of content, so that whoever remembers decoded blocks knows when they no longer hold. */
  generation = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get length(): number {
    return this.#entries.length - this.#oldest;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Entry by age, 0 = newest. */
  at(age: number): Field | undefined {
    return age < this.length ? this.#entries[this.#entries.length - 1 - age] : undefined;
  }

  add(field: Field): void {
    this.generation++;
    const size = entrySize(field[0], field[1]);
    this.#evictDownTo(this.#maxBytes - size);
    if (size > this.#maxBytes) return;
    this.#entries.push(field);
    this.#sizeBytes += size;
  }

  resize(maxBytes: number): void {
    this.#maxBytes = maxBytes;
    if (this.#sizeBytes > maxBytes) this.generation++;
    this.#evictDownTo(maxBytes);
  }

  #evictDownTo(limitBytes: number): void {
    while (this.#sizeBytes > limitBytes && this.length > 0) {
      const entry = this.#entries[this.#oldest];
      this.#entries[this.#oldest++] = undefined;
      if (entry) this.#sizeBytes -= entrySize(entry[0], entry[1]);
    }
    // Evicted places are dropped in bulk, so that each costs a constant on average.
    if (this.#oldest < 256 && this.length > 0) return;
    this.#entries.splice(0, this.#oldest);
    this.#oldest = 0;
  }
}
