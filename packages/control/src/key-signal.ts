/** A source of keys for what is in no informer: whoever knows that a key needs a look says so. */
import type { KeySource } from "@modelyard/resources";

/** Passes keys on to reconcilers. */
export class KeySignal implements KeySource {
  readonly #listeners = new Set<(key: string) => void>();

  keys(): Iterable<string> {
    return [];
  }

  subscribe(onKey: (key: string) => void): () => void {
    this.#listeners.add(onKey);
    return () => void this.#listeners.delete(onKey);
  }

  /** Asks for a look at a key. */
  tell(key: string): void {
    for (const listener of this.#listeners) listener(key);
  }
}
