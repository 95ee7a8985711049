/** What the server knows of a connection, whichever protocol it speaks. */
import { type Clock, failure, type Log, type PlatformError } from "@modelyard/core";
import type { SharedHeads } from "../http1/head-reader.ts";
import type { ConnectionInfo, RequestHandler } from "../message/exchange.ts";
import type { BufferBudget } from "../socket/buffer-budget.ts";
import type { TransportHandler } from "../socket/transport.ts";
import type { WireLimits } from "./limits.ts";

/** A protocol on a connection. */
export interface ConnectionDriver extends TransportHandler {
  /** Requests being answered. */
  readonly inFlight: number;
  /** Takes one more request at most, whose answer says that it is the last; a protocol that can tell the client so at once drains. */
  retire(): void;
  /** Takes no new request and closes the connection when those in flight are answered. */
  drain(): void;
  /** Looks for what has taken too long; called about once a second. */
  sweep(nowMs: number): void;
}

/** What the connections of a server share. */
export interface ServerContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: WireLimits;
  readonly onRequest: RequestHandler;
  readonly buffers: BufferBudget;
  /** Of HTTP/1.1; absent where certificates may tell connections apart. */
  readonly sharedHeads: SharedHeads | undefined;
}

/** Identity and memo of a connection. */
export function connectionInfo(identity: Omit<ConnectionInfo, "memo">): ConnectionInfo {
  return { ...identity, memo: undefined };
}

/** The error of exchanges whose connection went away. */
export function clientLost(why: string): PlatformError {
  return failure("EXCHANGE_CANCELLED", { why: `connection lost: ${why}` });
}
