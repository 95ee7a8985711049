/** Requests that run with a key for longer than the key may last: watches, and pieces of uploads. They end when their key does. */
import { type Clock, isStillAllowed, type KeyTable, type Permission, type Principal, type Timer } from "@modelyard/core";

/** A request that runs. */
export interface KeyedRequest {
  readonly principal: Principal;
  readonly permission: Permission;
  /** Called once, when the key no longer opens what the request was allowed. */
  readonly end: () => void;
}

/** How often it is looked, milliseconds; an expired or deleted key is good for no longer than this. */
const lookEveryMs = 1_000;

/** The requests of one server; their number is bounded by that of its connections. */
export class KeyedRequests {
  readonly #keys: KeyTable;
  readonly #clock: Clock;
  readonly #requests = new Set<KeyedRequest>();
  #timer: Timer | undefined;

  constructor(keys: KeyTable, clock: Clock) {
    this.#keys = keys;
    this.#clock = clock;
  }

  /** Follows a request until the function that is returned is called. */
  follow(request: KeyedRequest): () => void {
    this.#requests.add(request);
    this.#timer ??= this.#schedule();
    return () => void this.#requests.delete(request);
  }

  /** Follows nothing any more. */
  close(): void {
    this.#requests.clear();
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #schedule(): Timer {
    return this.#clock.setTimer(lookEveryMs, () => this.#look(), { background: true });
  }

  #look(): void {
    const nowMs = this.#clock.nowMs();
    for (const request of this.#requests) {
      const { principal, permission, end } = request;
      if (isStillAllowed(principal, permission, { keys: this.#keys, nowMs })) continue;
      this.#requests.delete(request);
      end();
    }
    this.#timer = this.#requests.size > 0 ? this.#schedule() : undefined;
  }
}
