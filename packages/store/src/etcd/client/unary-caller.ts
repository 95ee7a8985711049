/**
 * Unary calls to an etcd server. A read that got no answer is asked again, within limits; a write is not, because it may have had its effect: it fails
 * as STORE_UNAVAILABLE and its caller decides, from what it then reads.
 */
import { type MessageType, readMessage, writeMessage } from "@modelyard/codec";
import { type Clock, failure, PlatformError, type Random } from "@modelyard/core";
import { grpcCall, type Peer } from "@modelyard/wire";
import { Backoff } from "../../backoff.ts";
import type { WaitOptions } from "../../contract.ts";
import { type RequestFacts, readError } from "../protocol/etcd-error.ts";

/** What a client calls with. */
export interface CallerOptions {
  readonly peer: Peer;
  readonly clock: Clock;
  readonly random: Random;
  /** Time for one call, all attempts of a read together. */
  readonly requestTimeoutMs: number;
}

/** One method. */
export interface CalledMethod<Q, S> {
  readonly path: string;
  readonly request: MessageType<Q>;
  readonly response: MessageType<S>;
}

/** Largest answer that is taken: a page of keys, or what one revision changed. */
export const maxAnswerBytes = 67_108_864;

const maxReadAttempts = 6;
const longestPauseMs = 1_000;

/** Makes calls, and knows which are under way. */
export class UnaryCaller {
  readonly #options: CallerOptions;
  readonly #underWay = new Set<Promise<unknown>>();
  #closed = false;

  constructor(options: CallerOptions) {
    this.#options = options;
  }

  /** Calls once. */
  write<Q, S>(method: CalledMethod<Q, S>, message: Q, options: WaitOptions & RequestFacts): Promise<S> {
    const deadlineMs = this.#options.clock.monotonicMs() + this.#options.requestTimeoutMs;
    return this.#track(this.#call(method, message, { ...options, deadlineMs }));
  }

  /** Calls until there is an answer, an error that stays, or no time left. Only for methods that may be called twice. */
  read<Q, S>(method: CalledMethod<Q, S>, message: Q, options: WaitOptions & RequestFacts): Promise<S> {
    return this.#track(this.#retry(method, message, options));
  }

  /** Refuses new calls and resolves when those under way are settled. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#underWay);
  }

  async #retry<Q, S>(method: CalledMethod<Q, S>, message: Q, options: WaitOptions & RequestFacts): Promise<S> {
    const { clock, random, requestTimeoutMs } = this.#options;
    const deadlineMs = clock.monotonicMs() + requestTimeoutMs;
    const backoff = new Backoff({ clock, random, maxDelayMs: longestPauseMs });
    for (;;) {
      try {
        return await this.#call(method, message, { ...options, deadlineMs });
      } catch (error) {
        const isPassing = PlatformError.is(error) && error.reason === "STORE_UNAVAILABLE";
        const isOver = backoff.failures + 1 >= maxReadAttempts || clock.monotonicMs() >= deadlineMs;
        if (!isPassing || isOver || this.#closed) throw error;
        await backoff.wait(options.signal);
      }
    }
  }

  async #call<Q, S>(
    method: CalledMethod<Q, S>,
    message: Q,
    options: WaitOptions & RequestFacts & { readonly deadlineMs: number },
  ): Promise<S> {
    const { deadlineMs, signal } = options;
    signal?.throwIfAborted();
    if (this.#closed) throw failure("STORE_CLOSED", {});
    const request = { path: method.path, message: writeMessage(method.request, message) };
    try {
      const limits = { deadlineMs, maxMessageBytes: maxAnswerBytes };
      return readMessage(method.response, await grpcCall(this.#options.peer, request, signal ? { ...limits, signal } : limits));
    } catch (error) {
      signal?.throwIfAborted();
      throw readError(error, options);
    }
  }

  #track<T>(call: Promise<T>): Promise<T> {
    this.#underWay.add(call);
    const settled = (): void => void this.#underWay.delete(call);
    call.then(settled, settled);
    return call;
  }
}
