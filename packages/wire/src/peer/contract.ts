/** What a connection to a peer takes and gives. */
import type { Clock, PlatformError } from "@modelyard/core";
import { statelessBlock } from "../hpack/encoder.ts";
import type { ResetCode } from "../message/exchange.ts";
import type { Field, Fields } from "../message/fields.ts";
import { checkFields, type Trailers } from "../message/response-head.ts";

/** Where a peer listens. */
export type PeerAddress = { readonly host: string; readonly port: number } | { readonly path: string };

/** Head of a request to a peer. */
export interface PeerRequestInit {
  readonly method: string;
  readonly path: string;
  /** Default: the peer's. */
  readonly authority?: string;
  /** Default: `https` to a peer with TLS, otherwise `http`. */
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
  /** The answer will not be completed. `PEER_UNAVAILABLE` and `PEER_BUSY`: the peer did not start on the request. */
  onError(error: PlatformError): void;
  /** There is room again after `write` returned `false`. */
  onDrain?(): void;
}

/** A request to a peer. */
export interface PeerStream {
  /** Sends body, which must not change afterwards; `false`: enough is waiting, go on at `onDrain`. */
  write(chunk: Uint8Array): boolean;
  end(trailers?: Trailers): void;
  /** Gives the request up; `onError` is not called. Default `CANCEL`. */
  cancel(code?: ResetCode): void;
  /** Grants the peer no more body; what was granted (at most one window) still arrives. */
  pause(): void;
  resume(): void;
}

/** A request head that is encoded once and used for any number of requests. Build one with {@link peerRequestHead}. */
export class PeerRequestHead {
  readonly init: PeerRequestInit & { readonly authority: string };
  #block: Buffer | undefined;

  constructor(init: PeerRequestInit & { readonly authority: string }) {
    this.init = init;
  }

  /** Scheme that {@link http2Block} names. */
  get scheme(): string {
    return this.init.scheme ?? "http";
  }

  /** Header block of HTTP/2. */
  get http2Block(): Buffer {
    this.#block ??= statelessBlock(requestFields(this.init, { authority: this.init.authority, scheme: "http" }));
    return this.#block;
  }
}

/** Builds a reusable request head. */
export function peerRequestHead(init: PeerRequestInit & { readonly authority: string }): PeerRequestHead {
  checkFields(init.fields ?? []);
  return new PeerRequestHead(init);
}

/** Pseudo-fields and fields of a request. */
export function requestFields(init: PeerRequestInit, peer: { readonly authority: string; readonly scheme: string }): readonly Field[] {
  return [
    [":method", init.method],
    [":scheme", init.scheme ?? peer.scheme],
    [":authority", init.authority ?? peer.authority],
    [":path", init.path],
    ...(init.fields ?? []),
  ];
}

/** What a request is sent with. */
export interface PeerRequest {
  readonly head: PeerRequestInit | PeerRequestHead;
  /** Fields of this request alone (deadline, trace); never put into the compression table. */
  readonly extraFields?: readonly Field[];
  /** The whole body, which must not change afterwards; the request is ended after it. Absent: the body is written to the stream. */
  readonly body?: Uint8Array;
}

/** A connection to a peer. */
export interface Peer {
  readonly clock: Clock;
  readonly authority: string;
  /** Sends a request; fails through the receiver only, never before it returns. */
  request(request: PeerRequest, receiver: PeerReceiver): PeerStream;
  /** Requests not yet answered, waiting ones included. */
  readonly inFlight: number;
  /** Whether a connection stands. */
  readonly isConnected: boolean;
  /** Takes no new request, waits for those in flight, at most `graceMs`, then closes. */
  drain(graceMs: number): Promise<void>;
  /** Ends every request and the connection. Idempotent. */
  close(): Promise<void>;
}
