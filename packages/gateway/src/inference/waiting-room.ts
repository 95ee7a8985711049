/** How many requests, and how many bytes of them, wait in memory: for a load, a turn or a run in a worker. */
import { failure, type Gauge, type Metrics, type PlatformError } from "@modelyard/core";
import type { GatewayLimits } from "../options.ts";

const comeBack = { retryAfterMs: 1_000 };

/** The count of what waits. */
export class WaitingRoom {
  readonly #limits: GatewayLimits;
  readonly #waiting: Gauge | undefined;
  #count = 0;
  #bytes = 0;

  constructor(limits: GatewayLimits, metrics?: Metrics) {
    this.#limits = limits;
    this.#waiting = metrics?.gauge("modelyard_requests_waiting");
  }

  /** Counts a request in; the refusal when it would exceed a limit, and then it is not counted. */
  enter(bytes: number): PlatformError | undefined {
    const { maxWaiting, maxWaitingBytes } = this.#limits;
    if (this.#count >= maxWaiting) {
      return failure("LIMIT_EXCEEDED", { what: "The number of waiting requests", current: this.#count + 1, limit: maxWaiting }, comeBack);
    }
    if (this.#bytes + bytes > maxWaitingBytes) {
      const current = `${this.#bytes + bytes} bytes`;
      return failure("LIMIT_EXCEEDED", { what: "The memory of waiting requests", current, limit: `${maxWaitingBytes} bytes` }, comeBack);
    }
    this.#count++;
    this.#bytes += bytes;
    this.#waiting?.set(this.#count);
    return undefined;
  }

  /** Counts it out again. */
  leave(bytes: number): void {
    this.#count--;
    this.#bytes -= bytes;
    this.#waiting?.set(this.#count);
  }
}
