/** Keeping leases alive over one stream: ids go out, times come back by id. A stream that breaks fails those who wait; the next one opens another. */
import { readMessage, writeMessage } from "@modelyard/codec";
import { failure } from "@modelyard/core";
import { type GrpcDuplex, grpcDuplex, type Peer } from "@modelyard/wire";
import { readError } from "../protocol/etcd-error.ts";
import { leaseIdMessage, leaseResponseMessage } from "../protocol/lease-messages.ts";
import { methods } from "../protocol/methods.ts";

/** The stream of one client. */
export class KeepAliveChannel {
  readonly #peer: Peer;
  /** Who waits for a lease; answers come in the order of asking. */
  readonly #waiting = new Map<number, PromiseWithResolvers<number>[]>();
  #stream: GrpcDuplex | undefined;

  constructor(peer: Peer) {
    this.#peer = peer;
  }

  /** The lease's time in seconds after keeping it alive; 0 or less when it is gone. */
  keep(leaseId: number): Promise<number> {
    const stream = (this.#stream ??= this.#open());
    const waiting = Promise.withResolvers<number>();
    this.#waiting.set(leaseId, [...(this.#waiting.get(leaseId) ?? []), waiting]);
    stream.send(writeMessage(leaseIdMessage, { id: leaseId })).catch((error: unknown) => this.#broken(stream, readError(error)));
    return waiting.promise;
  }

  /** Gives the stream up; who waits fails with the error. */
  reset(error: unknown): void {
    const stream = this.#stream;
    if (!stream) return;
    this.#broken(stream, error);
    stream.cancel();
  }

  #open(): GrpcDuplex {
    const stream = grpcDuplex(this.#peer, methods.leaseKeepAlive);
    void this.#receive(stream);
    return stream;
  }

  async #receive(stream: GrpcDuplex): Promise<void> {
    try {
      for await (const message of stream.messages) {
        const { id, ttl } = readMessage(leaseResponseMessage, message);
        this.#waiting.get(id)?.shift()?.resolve(ttl);
        if (this.#waiting.get(id)?.length === 0) this.#waiting.delete(id);
      }
      this.#broken(stream, failure("STORE_UNAVAILABLE", { why: "it ended the stream of leases" }));
    } catch (error) {
      this.#broken(stream, readError(error));
    }
  }

  #broken(stream: GrpcDuplex, error: unknown): void {
    if (this.#stream !== stream) return;
    this.#stream = undefined;
    for (const waiting of this.#waiting.values()) for (const { reject } of waiting) reject(error);
    this.#waiting.clear();
  }
}
