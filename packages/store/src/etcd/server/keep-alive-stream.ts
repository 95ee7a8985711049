/** One LeaseKeepAlive stream of the server face: a lease id in, its time out, in order. The client is held back while answers wait. */
import { readMessage, writeMessage } from "@modelyard/codec";
import { PlatformError } from "@modelyard/core";
import type { GrpcCall, GrpcMessageHandlers } from "@modelyard/wire";
import type { Store } from "../../contract.ts";
import { leaseIdMessage, leaseResponseMessage } from "../protocol/lease-messages.ts";
import { headerAt } from "./unary-methods.ts";

const maxWaiting = 64;

/** Answers one stream. */
export class KeepAliveStream implements GrpcMessageHandlers {
  readonly #store: Store;
  readonly #call: GrpcCall;
  readonly #onOver: () => void;
  #answered: Promise<void> = Promise.resolve();
  #waiting = 0;

  /** `onOver` is called when the stream takes no more messages. */
  constructor(store: Store, call: GrpcCall, onOver: () => void) {
    this.#store = store;
    this.#call = call;
    this.#onOver = onOver;
    call.onCancel(onOver);
  }

  onMessage(message: Uint8Array): void {
    this.#waiting++;
    if (this.#waiting === maxWaiting) this.#call.pause();
    const bytes = new Uint8Array(message);
    this.#answered = this.#answered.then(() => this.#answer(bytes));
  }

  onEnd(): void {
    this.#onOver();
    void this.#answered.then(() => this.#call.finish("OK"));
  }

  async #answer(message: Uint8Array): Promise<void> {
    if (this.#call.isOver) return;
    try {
      const { id } = readMessage(leaseIdMessage, message);
      const ttl = await this.#keep(id);
      this.#call.send(writeMessage(leaseResponseMessage, { header: headerAt(0), id, ttl }));
    } catch (error) {
      this.#call.fail(PlatformError.from(error));
    }
    if (this.#waiting-- === maxWaiting) this.#call.resume();
  }

  /** Seconds the lease has; 0 tells that it is gone. */
  async #keep(leaseId: number): Promise<number> {
    try {
      return (await this.#store.keepAliveLease(leaseId)).ttlSeconds;
    } catch (error) {
      if (PlatformError.is(error) && error.reason === "STORE_LEASE_NOT_FOUND") return 0;
      throw error;
    }
  }
}
