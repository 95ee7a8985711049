/** What the server does at once: requests in flight, counted and limited. The memory of their bodies is the wire server's to limit. */
import { failure, type Gauge, type Metrics, type PlatformError } from "@modelyard/core";

/** Limits of a gateway on all its requests together; those of one connection are the wire server's. */
export interface ServerLoadLimits {
  /** Requests in flight, all together; those for health are always let in. Default 20,000. */
  readonly maxInFlight: number;
}

const comeBack = { retryAfterMs: 1_000 };

/** The load of a gateway. Every method is called on the hot path. */
export class ServerLoad {
  readonly #limits: ServerLoadLimits;
  readonly #inFlight: Gauge;
  #requests = 0;

  constructor(limits: ServerLoadLimits, metrics: Metrics) {
    this.#limits = limits;
    this.#inFlight = metrics.gauge("modelyard_requests_in_flight");
  }

  /** Counts a request in, whether or not it is then refused. */
  begin(): void {
    this.#inFlight.set(++this.#requests);
  }

  /** Counts it out. */
  end(): void {
    this.#inFlight.set(--this.#requests);
  }

  /** The refusal of a request when more are in flight than may be. */
  checkInFlight(): PlatformError | undefined {
    const { maxInFlight } = this.#limits;
    if (this.#requests <= maxInFlight) return undefined;
    return failure("LIMIT_EXCEEDED", { what: "The number of requests in flight", current: this.#requests, limit: maxInFlight }, comeBack);
  }
}
