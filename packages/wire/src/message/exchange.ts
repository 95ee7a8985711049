/**
 * One request and its answer, the same for HTTP/1.1 and HTTP/2. A handler is called when the head is complete and returns who takes the body;
 * it may answer at any time, also before the body has ended.
 */
import type { PlatformError } from "@modelyard/core";
import type { BufferBudget } from "../socket/buffer-budget.ts";
import type { Fields } from "./fields.ts";
import type { RequestHead } from "./request-head.ts";
import type { ResponseHead, Trailers } from "./response-head.ts";

/** Protocol a connection speaks. */
export type Protocol = "http/1.1" | "h2";

/** What TLS established about a connection, and the client's certificate when it showed one that was verified. */
export interface TlsInfo {
  /** `TLSv1.2` or `TLSv1.3`. */
  readonly protocol: string;
  /** Whether the client's certificate was verified against the client CA; without one the rest is empty. */
  readonly authorized: boolean;
  /** Common name; absent when there is none, or several. */
  readonly subject?: string;
  /** Names with their kind, `DNS:a.example`, `URI:spiffe://example/b`. */
  readonly subjectAltNames: readonly string[];
  /** SHA-256 of the certificate in hexadecimal, bytes separated by colons. */
  readonly fingerprint256?: string;
}

/** Connection an exchange came over. */
export interface ConnectionInfo {
  /** Unique among the connections of one server, from 1. */
  readonly id: number;
  readonly protocol: Protocol;
  /** Address of the peer; empty for a Unix socket. */
  readonly remoteAddress: string;
  /** Absent on a connection without TLS. */
  readonly tls?: TlsInfo | undefined;
  /** Memory of the server for what its connections have on their way; for handlers that collect a body. */
  readonly buffers: BufferBudget;
  /** Free slot of the handler, for as long as the connection lives. */
  memo: unknown;
}

/** Takes the body of a request. Bytes are valid during the call only: copy what is kept. */
export interface BodyConsumer {
  /** Whether the peer may take its time between pieces, as in a stream of messages: the stall limit does not apply. Default false. */
  readonly isOpenEnded?: boolean;
  onData(chunk: Uint8Array): void;
  /** The body is complete; `trailers` when the peer sent some. Also called, without `onData`, for an empty body. */
  onEnd(trailers?: Fields): void;
  /** The body will not be completed. Neither `onData` nor `onEnd` follow. */
  onAbort(error: PlatformError): void;
  /** The exchange was answered or reset by its handler before the body had ended; nothing of it follows, so that what was kept can go. */
  onDropped?(): void;
}

/** A whole answer, sent in one write. */
export interface WholeResponse {
  readonly head: ResponseHead;
  /** Text is sent as UTF-8. Must not change afterwards. Default empty. */
  readonly body?: Uint8Array | string;
  /** With trailers no `content-length` is sent. */
  readonly trailers?: Trailers;
}

/** An answer that is sent in pieces. */
export interface ResponseStream {
  /**
   * Sends a piece, which must not change afterwards. `false`: enough is waiting, go on at `onDrain`. What is written past the limit on output
   * of the connection ends the exchange.
   */
  write(chunk: Uint8Array): boolean;
  /** Sets who is called each time there is room again after `write` returned `false`. */
  onDrain(callback: () => void): void;
  end(trailers?: Trailers): void;
}

/** Why a stream is reset; over HTTP/1.1 each closes the connection. Numbers of RFC 9113 §7. */
export type ResetCode = "NO_ERROR" | "INTERNAL_ERROR" | "REFUSED_STREAM" | "CANCEL" | "ENHANCE_YOUR_CALM";

/** One request being answered. */
export interface Exchange {
  readonly head: RequestHead;
  readonly protocol: Protocol;
  readonly connection: ConnectionInfo;
  /** Whether the answer was completed or the exchange aborted; answering is then without effect. */
  readonly isOver: boolean;
  /** Answers whole. Without effect when the exchange is over. An invariant fails when an answer was started. */
  respond(response: WholeResponse): void;
  /** Starts an answer in pieces; the head goes out with the first piece or at the end of the turn. */
  start(head: ResponseHead): ResponseStream;
  /** Sets who is called, once, when the exchange ends before its answer was completed: peer reset or lost, time-out, server closed. */
  onAbort(callback: (error: PlatformError) => void): void;
  /** Ends the exchange without completing the answer; `onAbort` is not called. Default `CANCEL`. */
  reset(code?: ResetCode): void;
  /** Grants the peer no more body; what was granted before (at most one window) may still arrive. */
  pauseBody(): void;
  resumeBody(): void;
}

/** Handles the requests of a server. */
export type RequestHandler = (exchange: Exchange) => BodyConsumer;
