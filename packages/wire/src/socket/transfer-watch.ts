/** Notices a peer that moves nothing, or so little that it only holds on to what it was given. */

/** The least a peer must do. */
export interface TransferLimits {
  /** Over each measure of `stallTimeoutMs`. 0: whatever it moves is enough. */
  readonly minBytesPerSecond: number;
  /** Time without any movement. */
  readonly stallTimeoutMs: number;
}

/** What is wrong with a transfer. */
export type TransferFault = "stalled" | "slow";

/** Watch of bytes that should move in one direction. */
export class TransferWatch {
  #bytes: number;
  #movedMs: number;
  #measuredBytes: number;
  #measuredMs: number;

  constructor(nowMs: number, bytes = 0) {
    this.#bytes = bytes;
    this.#movedMs = nowMs;
    this.#measuredBytes = bytes;
    this.#measuredMs = nowMs;
  }

  /** Begins anew, while nothing is expected of the peer. */
  restart(nowMs: number, bytes: number): void {
    this.#bytes = bytes;
    this.#movedMs = nowMs;
    this.restartRate(nowMs, bytes);
  }

  /** Begins to measure the rate anew, while what slows the transfer down is not the peer. */
  restartRate(nowMs: number, bytes: number): void {
    this.#measuredBytes = bytes;
    this.#measuredMs = nowMs;
  }

  /** Compares the count of bytes with what it was at earlier calls; a measure that has passed begins the next. */
  look(nowMs: number, bytes: number, { minBytesPerSecond, stallTimeoutMs }: TransferLimits): TransferFault | undefined {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#movedMs = nowMs;
    }
    if (nowMs - this.#movedMs >= stallTimeoutMs) return "stalled";
    const elapsedMs = nowMs - this.#measuredMs;
    if (elapsedMs < stallTimeoutMs) return undefined;
    const isSlow = (bytes - this.#measuredBytes) * 1_000 < minBytesPerSecond * elapsedMs;
    this.restartRate(nowMs, bytes);
    return isSlow ? "slow" : undefined;
  }
}

/** The fault of a peer that owes a body. */
export const bodyFaults: Readonly<Record<TransferFault, string>> = {
  stalled: "it does not send the rest of the body",
  slow: "it sends the rest of the body too slowly",
};

/** The fault of a peer that has output to read. */
export const outputFaults: Readonly<Record<TransferFault, string>> = {
  stalled: "it does not read what is sent",
  slow: "it reads what is sent too slowly",
};
