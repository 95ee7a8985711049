/**
 * Refuses clients that PING more often than keeping a connection alive needs. Requests put the count back, since gRPC clients measure their
 * bandwidth by a PING after each answer.
 */
import { Http2Fault } from "./protocol.ts";

/** PINGs that may come too early, as gRPC servers have it. */
const maxStrikes = 2;

/** Policy of one connection. */
export class PingPolicy {
  readonly #minIntervalMs: number;
  #lastMs = Number.NEGATIVE_INFINITY;
  #strikes = 0;

  constructor(minIntervalMs: number) {
    this.#minIntervalMs = minIntervalMs;
  }

  /** A request was opened. */
  onRequest(): void {
    this.#strikes = 0;
    this.#lastMs = Number.NEGATIVE_INFINITY;
  }

  /** Takes a PING; throws the fault whose text gRPC clients know and heed. */
  onPing(nowMs: number, requestsInFlight: number): void {
    if (requestsInFlight > 0) return;
    const isEarly = nowMs - this.#lastMs < this.#minIntervalMs;
    this.#lastMs = nowMs;
    if (isEarly && ++this.#strikes > maxStrikes) throw new Http2Fault("ENHANCE_YOUR_CALM", tooManyPings);
  }
}

/** Debug data of GOAWAY by which gRPC clients double the time between their PINGs. */
const tooManyPings = "too_many_pings";
