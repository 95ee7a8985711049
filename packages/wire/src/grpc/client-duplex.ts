/** Streaming gRPC calls to a peer. */
import { failure, type PlatformError } from "@modelyard/core";
import type { Peer, PeerStream } from "../peer/contract.ts";
import { defaultMaxMessageBytes, timeLeftMs, watchLimits } from "./call-limits.ts";
import type { GrpcCallOptions } from "./client-call.ts";
import { callReceiver, callRequest } from "./client-receiver.ts";
import { copiedMessageBytes, framedMessage, messagePrefix } from "./message-framing.ts";

/** A streaming call. Iterate `messages` once; the peer is stopped by flow control while nobody reads. */
export interface GrpcDuplex {
  /** Sends a message, which must not change afterwards; resolves when there is room for another. Rejects when the call is over. */
  send(message: Uint8Array): Promise<void>;
  /** Says that no more messages follow. */
  end(): void;
  /** The peer's messages (owned by the reader); ends with status OK, throws on any other. Leaving the loop cancels the call. */
  readonly messages: AsyncIterableIterator<Uint8Array>;
  cancel(): void;
}

/** Messages waiting to be read beyond which the peer is not granted more. */
const highWaterBytes = 256 * 1024;

/** Opens a streaming call. */
export function grpcDuplex(peer: Peer, path: string, options: GrpcCallOptions = {}): GrpcDuplex {
  return new DuplexCall(peer, path, options);
}

type Waiter<T> = { readonly resolve: (value: T) => void; readonly reject: (reason: unknown) => void };

class DuplexCall implements GrpcDuplex, AsyncIterableIterator<Uint8Array> {
  readonly #path: string;
  readonly #stream: PeerStream;
  readonly #stopWatching: () => void;
  readonly #received: Uint8Array[] = [];
  #receivedBytes = 0;
  #isPaused = false;
  #reader: Waiter<IteratorResult<Uint8Array>> | undefined;
  readonly #writers: Waiter<void>[] = [];
  #outcome: { readonly error: unknown } | undefined;

  constructor(peer: Peer, path: string, options: GrpcCallOptions) {
    this.#path = path;
    const receiver = callReceiver(path, options.maxMessageBytes ?? defaultMaxMessageBytes, {
      onMessage: (message, isOwned) => this.#receive(isOwned ? message : new Uint8Array(message)),
      onDone: (error) => this.#finish(error),
      onDrain: () => this.#releaseWriters(),
      cancel: () => this.#stream.cancel(),
    });
    const head = { path, metadata: options.metadata, timeoutMs: timeLeftMs(peer, options) };
    this.#stream = peer.request(callRequest(head, undefined), receiver);
    this.#stopWatching = watchLimits(peer, { ...options, path }, (reason) => this.#giveUp(reason));
    if (options.signal?.aborted) this.#giveUp(options.signal.reason);
  }

  get messages(): AsyncIterableIterator<Uint8Array> {
    return this;
  }

  send(message: Uint8Array): Promise<void> {
    if (this.#outcome) return Promise.reject(this.#outcome.error ?? this.#cancelled("it has ended"));
    return this.#write(message) ? Promise.resolve() : new Promise((resolve, reject) => this.#writers.push({ resolve, reject }));
  }

  end(): void {
    this.#stream.end();
  }

  cancel(): void {
    this.#giveUp(this.#cancelled("cancelled by the caller"));
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array> {
    return this;
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    const message = this.#received.shift();
    if (message) {
      this.#receivedBytes -= message.length;
      this.#updatePause();
      return Promise.resolve({ done: false, value: message });
    }
    if (this.#outcome) return this.#outcome.error ? Promise.reject(this.#outcome.error) : Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
    });
  }

  return(): Promise<IteratorResult<Uint8Array>> {
    this.cancel();
    return Promise.resolve({ done: true, value: undefined });
  }

  #write(message: Uint8Array): boolean {
    if (message.length < copiedMessageBytes) return this.#stream.write(framedMessage(message));
    this.#stream.write(messagePrefix(message.length));
    return this.#stream.write(message);
  }

  #receive(message: Uint8Array): void {
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader) {
      reader.resolve({ done: false, value: message });
      return;
    }
    this.#received.push(message);
    this.#receivedBytes += message.length;
    this.#updatePause();
  }

  #updatePause(): void {
    const mustPause = this.#receivedBytes > highWaterBytes;
    if (mustPause === this.#isPaused || this.#outcome) return;
    this.#isPaused = mustPause;
    if (mustPause) this.#stream.pause();
    else this.#stream.resume();
  }

  #releaseWriters(): void {
    for (const writer of this.#writers.splice(0)) writer.resolve();
  }

  #giveUp(reason: unknown): void {
    this.#finish(reason);
    this.#stream.cancel();
  }

  #finish(error?: unknown): void {
    if (this.#outcome) return;
    this.#outcome = { error };
    this.#stopWatching();
    const reader = this.#reader;
    this.#reader = undefined;
    if (error) reader?.reject(error);
    else reader?.resolve({ done: true, value: undefined });
    for (const writer of this.#writers.splice(0)) writer.reject(error ?? this.#cancelled("it has ended"));
  }

  #cancelled(why: string): PlatformError {
    return failure("CANCELLED", { what: `The call of "${this.#path}" (${why})` });
  }
}
