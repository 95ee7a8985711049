/**
 * Every watch of a client over one stream. A stream that breaks is opened again, and each watch goes on from the revision after the last it has given:
 * nothing is missed, nothing is repeated. A server whose history ends before that, or that knows less than it did, ends the watch as compacted.
 *
 * A slow consumer never stops the stream, which others share: its events are held up to its limit, then its watch alone ends.
 */
import { readMessage, writeMessage } from "@modelyard/codec";
import { type Clock, failure, type Log, PlatformError, type Random } from "@modelyard/core";
import { type GrpcDuplex, grpcDuplex, type Peer } from "@modelyard/wire";
import { Backoff } from "../../backoff.ts";
import type { Watch, WatchRequest } from "../../contract.ts";
import { checkWatchRequest } from "../../request-checks.ts";
import { methods } from "../protocol/methods.ts";
import {
  type WatchRequestMessage,
  type WatchResponseMessage,
  watchRequestMessage,
  watchResponseMessage,
} from "../protocol/watch-messages.ts";
import { RemoteWatch } from "./remote-watch.ts";
import { maxAnswerBytes } from "./unary-caller.ts";

/** What the watches of a client need. */
export interface WatchMultiplexerOptions {
  readonly peer: Peer;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
}

/** The watches of one client. */
export class WatchMultiplexer {
  readonly #options: WatchMultiplexerOptions;
  readonly #watches = new Map<number, RemoteWatch>();
  readonly #closing = new AbortController();
  #lastId = 0;
  #stream: GrpcDuplex | undefined;
  #running: Promise<void> | undefined;

  constructor(options: WatchMultiplexerOptions) {
    this.#options = options;
  }

  watch(request: WatchRequest): Watch {
    const watchId = ++this.#lastId;
    const watch = new RemoteWatch(watchId, request, () => this.#forget(watchId));
    try {
      if (this.#closing.signal.aborted) throw failure("STORE_CLOSED", {});
      checkWatchRequest(request);
    } catch (error) {
      watch.fail(error);
      return watch;
    }
    this.#watches.set(watchId, watch);
    if (this.#stream) this.#send(this.#stream, watch.createRequest());
    this.#running ??= this.#run();
    return watch;
  }

  /** Ends every watch with `STORE_CLOSED`. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#stream?.cancel();
    for (const watch of this.#watches.values()) watch.fail(failure("STORE_CLOSED", {}));
    await this.#running;
  }

  /** Keeps a stream open while there is a watch. */
  async #run(): Promise<void> {
    const { clock, log, random } = this.#options;
    const { signal } = this.#closing;
    const backoff = new Backoff({ clock, random });
    while (this.#watches.size > 0 && !signal.aborted) {
      const error = await this.#follow(() => backoff.succeeded());
      if (this.#watches.size === 0 || signal.aborted) break;
      log.info("The stream of watches is opened again", { reason: PlatformError.from(error).reason, watches: this.#watches.size });
      await backoff.wait(signal).catch(() => {});
    }
    this.#running = undefined;
  }

  /** One life of the stream: gives the error that ended it. */
  async #follow(onAnswer: () => void): Promise<unknown> {
    const stream = grpcDuplex(this.#options.peer, methods.watch, { maxMessageBytes: maxAnswerBytes });
    this.#stream = stream;
    for (const watch of this.#watches.values()) this.#send(stream, watch.createRequest());
    try {
      for await (const message of stream.messages) {
        onAnswer();
        this.#receive(readMessage(watchResponseMessage, message));
        if (this.#watches.size === 0) break;
      }
      return failure("STORE_UNAVAILABLE", { why: "it ended the stream of watches" });
    } catch (error) {
      return error;
    } finally {
      this.#stream = undefined;
      stream.cancel();
    }
  }

  #receive(response: WatchResponseMessage): void {
    const watch = this.#watches.get(response.watchId);
    // Without an id the server refused a watch that it does not name; opening the stream again asks for all of them.
    if (!watch && response.canceled && response.created) {
      throw failure("STORE_UNAVAILABLE", { why: `it refused a watch: ${response.cancelReason}` });
    }
    watch?.receive(response);
  }

  #forget(watchId: number): void {
    if (!this.#watches.delete(watchId) || !this.#stream) return;
    // The last one takes the stream with it.
    if (this.#watches.size === 0) this.#stream.cancel();
    else this.#send(this.#stream, { cancelRequest: { watchId } });
  }

  #send(stream: GrpcDuplex, message: WatchRequestMessage): void {
    // A stream that takes no message has ended, and whoever reads from it hears why.
    stream.send(writeMessage(watchRequestMessage, message)).catch(() => {});
  }
}
