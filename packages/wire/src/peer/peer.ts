/** One multiplexed HTTP/2 connection to a peer, opened when first asked for and again, with back-off, after it was lost. */
import type { Clock, Log, PlatformError, Random } from "@modelyard/core";
import type { ResetCode } from "../message/exchange.ts";
import type { Field, Fields } from "../message/fields.ts";
import type { Trailers } from "../message/response-head.ts";

/** Where a peer listens. */
export type PeerAddress = { readonly host: string; readonly port: number } | { readonly path: string };

/** Options of {@link connectPeer}. */
export interface PeerOptions {
  readonly address: PeerAddress;
  readonly clock: Clock;
  readonly log: Log;
  /** Spreads reconnection attempts. */
  readonly random: Random;
  /** Value of `:authority` where a request names none. Default: from the address, `localhost` for a Unix socket. */
  readonly authority?: string;
  /** Requests in flight, waiting ones included; more fail with `PEER_BUSY`. Default 10,000. */
  readonly maxInFlight?: number;
  /** Time to connect. Default 5 s. */
  readonly connectTimeoutMs?: number;
  /** Shortest wait after a failed attempt; doubles up to `maxBackoffMs`. Default 50 ms. */
  readonly minBackoffMs?: number;
  /** Default 5 s. */
  readonly maxBackoffMs?: number;
  /** Silence, with requests in flight, after which a PING is sent. Default 10 s. */
  readonly keepAliveMs?: number;
  /** Time for its answer, after which the connection is given up. Default 5 s. */
  readonly keepAliveTimeoutMs?: number;
  /** Body bytes the peer may send ahead on one stream. Default 1 MiB. */
  readonly streamWindowBytes?: number;
}

/** Head of a request to a peer. */
export interface PeerRequestInit {
  readonly method: string;
  readonly path: string;
  /** Default: the peer's. */
  readonly authority?: string;
  /** Default `http`. */
  readonly scheme?: string;
  readonly fields?: readonly Field[];
}

/** Head of a peer's answer. */
export interface PeerResponseHead extends Fields {
  readonly status: number;
}

/** Takes a peer's answer. `onEnd` or `onError` is called exactly once and last. */
export interface PeerReceiver {
  onHead(head: PeerResponseHead): void;
  /** Bytes are valid during the call only: copy what is kept. */
  onData(chunk: Uint8Array): void;
  onEnd(trailers?: Fields): void;
  /** The answer will not be completed. `error.retryable`: the peer did not start on the request. */
  onError(error: PlatformError): void;
  /** There is room again after `write` returned `false`. */
  onDrain?(): void;
}

/** A request to a peer. */
export interface PeerStream {
  /** Sends body, which must not change afterwards; `false`: enough is waiting, go on at `onDrain`. */
  write(chunk: Uint8Array): boolean;
  end(trailers?: Trailers): void;
  /** Gives the request up; `onError` is not called. */
  cancel(code?: ResetCode): void;
  /** Grants the peer no more body; what was granted (at most one window) still arrives. */
  pause(): void;
  resume(): void;
}

/** A request head that is encoded once and used for any number of requests. Build one with {@link peerRequestHead}. */
export class PeerRequestHead {
  readonly init: PeerRequestInit;

  constructor(init: PeerRequestInit) {
    this.init = init;
  }
}

/** Builds a reusable request head. */
export function peerRequestHead(init: PeerRequestInit & { readonly authority: string }): PeerRequestHead {
  return new PeerRequestHead(init);
}

/** What a request is sent with. */
export interface PeerRequest {
  readonly head: PeerRequestInit | PeerRequestHead;
  /** Fields of this request alone (deadline, trace); never put into the compression table. */
  readonly extraFields?: readonly Field[];
  /** The whole body; the request is ended after it. Absent: the body is written to the stream. */
  readonly body?: Uint8Array;
}

/** A connection to a peer. */
export interface Peer {
  readonly clock: Clock;
  readonly authority: string;
  /** Sends a request; fails through the receiver only. */
  request(request: PeerRequest, receiver: PeerReceiver): PeerStream;
  readonly inFlight: number;
  /** Whether a connection stands. */
  readonly isConnected: boolean;
  /** Takes no new request, waits for those in flight, at most `graceMs`, then closes. */
  drain(graceMs: number): Promise<void>;
  /** Ends every request and the connection. Idempotent. */
  close(): Promise<void>;
}

/** Makes a peer; the connection is opened by the first request. */
export function connectPeer(_options: PeerOptions): Peer {
  throw new Error("connectPeer is being written");
}
