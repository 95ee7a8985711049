/**
 * Finds the streams of a connection whose peer has not sent what it owes, or not read what waits for it, in time or at the least rate. Streams are
 * looked at about once a second; one that lives shorter costs nothing.
 */
import { bodyFaults, outputFaults, type TransferLimits, TransferWatch } from "../socket/transfer-watch.ts";
import type { SendFlow } from "./send-flow.ts";
import type { Http2Stream } from "./stream.ts";

/** A stream to be given up, and what its peer does wrong. */
export interface OverdueStream {
  readonly stream: Http2Stream;
  readonly what: string;
}

/** Sweep of one connection. */
export class StreamSweep {
  readonly #limits: TransferLimits;
  readonly #connection: TransferWatch;

  constructor(limits: TransferLimits, nowMs: number) {
    this.#limits = limits;
    this.#connection = new TransferWatch(nowMs);
  }

  /** Those that are overdue, one after the other; each may be removed before the next is asked for. */
  *overdue(streams: Iterable<Http2Stream>, send: SendFlow, nowMs: number): Generator<OverdueStream> {
    const isConnectionSlow = this.#isConnectionSlow(send, nowMs);
    for (const stream of streams) {
      const body = this.#lookAtBody(stream, nowMs);
      const output = this.#lookAtOutput(stream, nowMs);
      if (body) yield { stream, what: bodyFaults[body] };
      else if (output) yield { stream, what: outputFaults[output] };
      else if (isConnectionSlow && stream.hasQueue) yield { stream, what: outputFaults.slow };
    }
  }

  #lookAtBody(stream: Http2Stream, nowMs: number): ReturnType<TransferWatch["look"]> {
    const watch = (stream.bodyWatch ??= new TransferWatch(nowMs, stream.receivedBytes));
    if (!stream.isRemoteClosed && !stream.isPaused && stream.receiver.expectsBody) {
      return watch.look(nowMs, stream.receivedBytes, this.#limits);
    }
    watch.restart(nowMs, stream.receivedBytes);
    return undefined;
  }

  #lookAtOutput(stream: Http2Stream, nowMs: number): ReturnType<TransferWatch["look"]> {
    const watch = (stream.outputWatch ??= new TransferWatch(nowMs, stream.sentBytes));
    if (!stream.hasQueue) watch.restart(nowMs, stream.sentBytes);
    // What other streams or the socket hold up says nothing of this one's rate.
    else if (stream.sendWindow > 0) watch.restartRate(nowMs, stream.sentBytes);
    return watch.look(nowMs, stream.sentBytes, this.#limits);
  }

  /** Whether the windows of the whole connection are granted too slowly. */
  #isConnectionSlow(send: SendFlow, nowMs: number): boolean {
    const { sentBytes } = send;
    if (send.queuedBytes === 0 || send.windowBytes > 0) this.#connection.restart(nowMs, sentBytes);
    return this.#connection.look(nowMs, sentBytes, this.#limits) === "slow";
  }
}
