/** One multiplexed HTTP/2 connection to a peer, opened when first asked for and again, with back-off, after it was lost. */
import { type Clock, failure, type PlatformError } from "@modelyard/core";
import { ClientSession } from "./client-session.ts";
import type { Peer, PeerReceiver, PeerRequest, PeerStream } from "./contract.ts";
import { type PeerOptions, type ResolvedPeerOptions, resolvePeerOptions } from "./options.ts";

/** Makes a peer; the connection is opened by the first request. */
export function connectPeer(options: PeerOptions): Peer {
  return new ReconnectingPeer(resolvePeerOptions(options));
}

/** A request that never reached a connection. */
const failedStream: PeerStream = { write: () => true, end: () => {}, cancel: () => {}, pause: () => {}, resume: () => {} };

class ReconnectingPeer implements Peer {
  readonly #options: ResolvedPeerOptions;
  /** The session new requests go to. */
  #current: ClientSession | undefined;
  /** All sessions that still have a socket, retired ones included. */
  readonly #sessions = new Set<ClientSession>();
  #inFlight = 0;
  #failedAttempts = 0;
  #notBeforeMs = 0;
  #lastFailure = "";
  #isClosed = false;
  #onIdle: (() => void) | undefined;
  #onGone: (() => void) | undefined;

  constructor(options: ResolvedPeerOptions) {
    this.#options = options;
  }

  get clock(): Clock {
    return this.#options.clock;
  }

  get authority(): string {
    return this.#options.authority;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get isConnected(): boolean {
    return this.#current?.isReady ?? false;
  }

  request(request: PeerRequest, receiver: PeerReceiver): PeerStream {
    const refusal = this.#refusal();
    if (refusal) return refuse(receiver, refusal);
    this.#current ??= this.#open();
    this.#inFlight++;
    return this.#current.request(request, receiver);
  }

  async drain(graceMs: number): Promise<void> {
    this.#isClosed = true;
    if (this.#inFlight > 0) await this.#idle(graceMs);
    await this.close();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#current = undefined;
    const { name } = this.#options;
    for (const session of this.#sessions) session.destroy(failure("CONNECTION_LOST", { peer: name, why: "closed on this side" }));
    if (this.#sessions.size === 0) return;
    await new Promise<void>((resolve) => {
      const earlier = this.#onGone;
      this.#onGone = () => {
        earlier?.();
        resolve();
      };
    });
  }

  #idle(graceMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.setTimer(graceMs, () => resolve());
      this.#onIdle = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  #refusal(): PlatformError | undefined {
    const { name, maxInFlight, clock } = this.#options;
    if (this.#isClosed) return failure("PEER_UNAVAILABLE", { peer: name, why: "closed on this side" });
    if (this.#inFlight >= maxInFlight) return failure("PEER_BUSY", { peer: name, current: this.#inFlight, limit: maxInFlight });
    const waitMs = this.#current ? 0 : this.#notBeforeMs - clock.monotonicMs();
    if (waitMs <= 0) return undefined;
    return failure("PEER_UNAVAILABLE", { peer: name, why: this.#lastFailure }, { retryAfterMs: Math.ceil(waitMs) });
  }

  #open(): ClientSession {
    let wasReady = false;
    const retire = (): void => {
      if (this.#current === session) this.#current = undefined;
    };
    const session: ClientSession = new ClientSession(this.#options, {
      onReady: () => {
        wasReady = true;
        this.#failedAttempts = 0;
      },
      onRetired: retire,
      onClosed: (why) => {
        retire();
        this.#sessions.delete(session);
        if (!wasReady) this.#backOff(why);
        if (this.#sessions.size === 0) this.#onGone?.();
      },
      onRequestOver: () => {
        this.#inFlight--;
        if (this.#inFlight === 0) this.#onIdle?.();
      },
    });
    this.#sessions.add(session);
    return session;
  }

  /** The wait doubles with each attempt and is spread over its upper half. */
  #backOff(why: string): void {
    const { minBackoffMs, maxBackoffMs, clock, random, log, name } = this.#options;
    this.#lastFailure = why;
    const waitMs = Math.min(minBackoffMs * 2 ** Math.min(this.#failedAttempts++, 20), maxBackoffMs);
    this.#notBeforeMs = clock.monotonicMs() + waitMs * (0.5 + random.next() / 2);
    log.debug("connecting to a peer failed", { peer: name, why, attempts: this.#failedAttempts });
  }
}

function refuse(receiver: PeerReceiver, error: PlatformError): PeerStream {
  let isCancelled = false;
  queueMicrotask(() => {
    if (!isCancelled) receiver.onError(error);
  });
  return {
    ...failedStream,
    cancel: () => {
      isCancelled = true;
    },
  };
}
