/**
 * What is open, by ids that go up: connections, requests on a connection, commands to a worker. In slots that are emptied when one leaves: open addressing, linear
 * probing, and what follows a hole is moved back into it.
 *
 * Not a Map, of which V8 leaves an old table behind after every few that came, with all its entries and a pointer to its successor. A full collection
 * makes the table of its moment an old object. From then on each dead table keeps the next one, and all that was in it, until the next full collection,
 * which begins it anew: collections of young objects took 0.5 to 0.9 ms in place of 0.2, and full ones came several times a second (decision 028).
 *
 * Hot path. Budget: 60 ns for one that comes, is found and leaves, beside 400 in a Map (`id-slots.bench.ts`).
 */

/** A power of two, as every size. Half of the slots stay free. */
const fewestSlots = 16;
/** With nothing in it, more slots than these are given back. */
const mostIdleSlots = 256;

/** See the module. */
export class IdSlots<T extends { readonly id: number }> {
  #slots = emptySlots<T>(fewestSlots);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): T | undefined {
    return this.#slots[this.#slotOf(id)];
  }

  has(id: number): boolean {
    return this.get(id) !== undefined;
  }

  /** Adds one whose id is not here. */
  add(item: T): void {
    if (++this.#size * 2 > this.#slots.length) this.#resize(this.#slots.length * 2);
    this.#slots[this.#slotOf(item.id)] = item;
  }

  /** Takes it out; undefined when it is not here. */
  take(id: number): T | undefined {
    const at = this.#slotOf(id);
    const item = this.#slots[at];
    if (item === undefined) return undefined;
    this.#vacate(at);
    if (--this.#size === 0 && this.#slots.length > mostIdleSlots) this.#resize(fewestSlots);
    return item;
  }

  /** All that are here now, in no order; they may come and go meanwhile. */
  all(): T[] {
    return this.#slots.filter((item) => item !== undefined);
  }

  /** Where it is, or the free slot where it would be. */
  #slotOf(id: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = id & mask;
    for (let item = slots[at]; item !== undefined && item.id !== id; item = slots[at]) at = (at + 1) & mask;
    return at;
  }

  /** Empties a slot. What comes later without a gap moves back where it would not be found any longer. */
  #vacate(slot: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let hole = slot;
    let at = (hole + 1) & mask;
    for (let item = slots[at]; item !== undefined; item = slots[at]) {
      const fromHome = (at - (item.id & mask)) & mask;
      if (fromHome >= ((at - hole) & mask)) {
        slots[hole] = item;
        hole = at;
      }
      at = (at + 1) & mask;
    }
    slots[hole] = undefined;
  }

  #resize(count: number): void {
    const before = this.#slots;
    this.#slots = emptySlots(count);
    for (const item of before) if (item !== undefined) this.#slots[this.#slotOf(item.id)] = item;
  }
}

function emptySlots<T>(count: number): (T | undefined)[] {
  return Array.from<T | undefined>({ length: count });
}
