/** A server that speaks HTTP/1.1 and HTTP/2 (cleartext, prior knowledge) on the same sockets; the first bytes decide. */
import type { Socket } from "node:net";
import type { Clock, Log } from "@modelyard/core";
import type { RequestHandler } from "../message/exchange.ts";
import type { WireLimits } from "./limits.ts";

/** Options of {@link createWireServer}. */
export interface WireServerOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Those that differ from `defaultLimits`. */
  readonly limits?: Partial<WireLimits>;
}

/** Where to listen: port 0 takes a free one. */
export type ListenAddress = { readonly host: string; readonly port: number } | { readonly path: string };

/** A server. */
export interface WireServer {
  /** Serves a socket that was accepted elsewhere, paused or not. */
  accept(socket: Socket): void;
  /** Accepts connections itself; resolves with the address, its port filled in. */
  listen(address: ListenAddress): Promise<ListenAddress>;
  /** Open connections. */
  readonly connectionCount: number;
  /** Requests being answered. */
  readonly inFlight: number;
  /** Takes no new connection or request, waits until those in flight are answered, at most `graceMs`, then closes. */
  drain(graceMs: number): Promise<void>;
  /** Closes every connection at once. Idempotent. */
  close(): Promise<void>;
}

/** Creates a server. */
export function createWireServer(_options: WireServerOptions, _onRequest: RequestHandler): WireServer {
  throw new Error("createWireServer is being written");
}
