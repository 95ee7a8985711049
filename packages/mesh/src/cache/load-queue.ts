/** Loads that wait for their turn: those that requests wait for before those in the background, each in the order of asking. */

/** How urgent a load is. `request`: somebody waits. `background`: nobody does. */
export type LoadPriority = "request" | "background";

/** A queue of bounded concurrency is made of this and a counter. */
export class LoadQueue<L> {
  readonly #urgent = new Set<L>();
  readonly #background = new Set<L>();

  get size(): number {
    return this.#urgent.size + this.#background.size;
  }

  /** Adds a load, or moves one that waits to another priority; it keeps its place when the priority is the same. */
  add(load: L, priority: LoadPriority): void {
    const [to, from] = priority === "request" ? [this.#urgent, this.#background] : [this.#background, this.#urgent];
    from.delete(load);
    to.add(load);
  }

  /** Removes a load; false when it does not wait. */
  delete(load: L): boolean {
    return this.#urgent.delete(load) || this.#background.delete(load);
  }

  /** Takes the next one. */
  take(): L | undefined {
    const [next] = this.#urgent.size > 0 ? this.#urgent : this.#background;
    if (next !== undefined) this.delete(next);
    return next;
  }
}
