/** Which ids belong to an id. Nearly always it is one, which then takes no set of its own: there may be a million of them. */
import { ShardedMap } from "./sharded-map.ts";

const none: ReadonlySet<string> = new Set();

/** See the module. */
export class ShardedIndex {
  readonly #linked = new ShardedMap<string | Set<string>>();

  /** Those that belong to it. */
  of(from: string): ReadonlySet<string> {
    const known = this.#linked.get(from);
    if (known === undefined) return none;
    return typeof known === "string" ? new Set([known]) : known;
  }

  add(from: string, to: string): void {
    const known = this.#linked.get(from);
    if (known === undefined) this.#linked.set(from, to);
    else if (typeof known !== "string") known.add(to);
    else if (known !== to) this.#linked.set(from, new Set([known, to]));
  }

  delete(from: string, to: string): void {
    const known = this.#linked.get(from);
    if (known === undefined) return;
    if (typeof known !== "string") known.delete(to);
    if (known === to || (typeof known !== "string" && known.size === 0)) this.#linked.delete(from);
  }
}
