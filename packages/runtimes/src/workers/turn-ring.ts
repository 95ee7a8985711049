/**
 * What is to be done for several owners in turns: who has had one is last again, so that nobody waits for more than one turn of each other owner,
 * however much that one has queued. Pure; the callers bound what is queued.
 */
export class TurnRing<T> {
  /** In the order of turns. */
  readonly #queues = new Map<number, T[]>();

  get isEmpty(): boolean {
    return this.#queues.size === 0;
  }

  add(owner: number, item: T): void {
    const queue = this.#queues.get(owner);
    if (queue) queue.push(item);
    else this.#queues.set(owner, [item]);
  }

  /** The next turn: as many items of its owner as `sizeOf` says by the first of them, at least one. Empty when nothing is to be done. */
  take(sizeOf: (first: T) => number): readonly T[] {
    const [next] = this.#queues;
    if (!next) return [];
    const [owner, queue] = next;
    const [first] = queue;
    this.#queues.delete(owner);
    if (first === undefined) return [];
    const taken = queue.splice(0, Math.max(1, sizeOf(first)));
    if (queue.length > 0) this.#queues.set(owner, queue);
    return taken;
  }
}
