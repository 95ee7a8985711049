/** The body of an observed exchange: counts its bytes, and refuses what the server has no room to receive. */
import type { PlatformError } from "@modelyard/core";
import type { BodyConsumer, Fields } from "@modelyard/wire";
import type { ServerLoad } from "../limits/server-load.ts";
import type { ObservedExchange } from "./observed-exchange.ts";

/** What bodies are received with. */
export interface ObservedBodyDeps {
  readonly load: ServerLoad;
  /** Answers an exchange with a refusal. */
  readonly refuse: (exchange: ObservedExchange, error: PlatformError) => void;
}

/** Passes a body on. */
export class ObservedBody implements BodyConsumer {
  readonly isOpenEnded: boolean;
  readonly #exchange: ObservedExchange;
  readonly #consumer: BodyConsumer;
  readonly #deps: ObservedBodyDeps;
  /** Bytes that count as kept until the body is whole; those of a stream of messages do not. */
  #keptBytes = 0;

  constructor(exchange: ObservedExchange, consumer: BodyConsumer, deps: ObservedBodyDeps) {
    this.#exchange = exchange;
    this.#consumer = consumer;
    this.#deps = deps;
    this.isOpenEnded = consumer.isOpenEnded ?? false;
  }

  onData(chunk: Uint8Array): void {
    const { length } = chunk;
    this.#exchange.bytesIn += length;
    if (!this.isOpenEnded) {
      const refusal = this.#deps.load.receive(length);
      if (refusal) return this.#refuse(refusal);
      this.#keptBytes += length;
    }
    try {
      this.#consumer.onData(chunk);
    } catch (error) {
      this.#lose();
      throw error;
    }
    // Nothing follows when the exchange was answered before its body had ended.
    if (this.#exchange.isOver) this.#release();
  }

  onEnd(trailers?: Fields): void {
    try {
      this.#consumer.onEnd(trailers);
    } catch (error) {
      this.#lose();
      throw error;
    }
    this.#release();
    this.#exchange.watch();
  }

  onAbort(error: PlatformError): void {
    this.#release();
    this.#consumer.onAbort(error);
    this.#exchange.endWithoutAnswer();
  }

  /** The wire server resets an exchange whose handler throws, and tells nobody. */
  #lose(): void {
    this.#release();
    this.#exchange.endWithoutAnswer();
  }

  #refuse(error: PlatformError): void {
    this.#release();
    this.#deps.refuse(this.#exchange, error);
  }

  #release(): void {
    this.#deps.load.release(this.#keptBytes);
    this.#keptBytes = 0;
  }
}
