/** A server that speaks HTTP/1.1 and HTTP/2 (cleartext, prior knowledge) on the same sockets; the first bytes decide. */
import { createServer, type Server, type Socket } from "node:net";
import type { Clock, Log, Timer } from "@modelyard/core";
import type { RequestHandler } from "../message/exchange.ts";
import { BufferPool } from "../socket/buffer-pool.ts";
import { FlushQueue } from "../socket/flush-queue.ts";
import type { TransportDeps } from "../socket/transport.ts";
import type { ServerContext } from "./connection-driver.ts";
import { defaultLimits, type WireLimits } from "./limits.ts";
import { ServerConnection } from "./server-connection.ts";

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
  /** Serves a socket that was accepted elsewhere, paused or not, and from which nothing was read. */
  accept(socket: Socket): void;
  /** Accepts connections itself; resolves with the address, its port filled in. */
  listen(address: ListenAddress): Promise<ListenAddress>;
  /** Open connections. */
  readonly connectionCount: number;
  /** Requests being answered. */
  readonly inFlight: number;
  /**
   * Takes no new connection or request, waits until those in flight are answered, at most `graceMs`, then closes. An HTTP/1.1 connection without a
   * request has `idleGraceMs` (default 0) for one more: its client cannot be told to send that elsewhere, and may be sending it.
   */
  drain(graceMs: number, idleGraceMs?: number): Promise<void>;
  /** Closes every connection at once. Idempotent. */
  close(): Promise<void>;
}

const sweepEveryMs = 1_000;

/** Creates a server. */
export function createWireServer(options: WireServerOptions, onRequest: RequestHandler): WireServer {
  const limits = { ...defaultLimits, ...options.limits };
  return new ConnectionSet({ clock: options.clock, log: options.log, limits, onRequest });
}

class ConnectionSet implements WireServer {
  readonly #context: ServerContext;
  readonly #transportDeps: TransportDeps;
  readonly #connections = new Set<ServerConnection>();
  readonly #listeners = new Set<Server>();
  #lastId = 0;
  #sweep: Timer | undefined;
  #isClosed = false;
  #onEmpty: (() => void) | undefined;

  constructor(context: ServerContext) {
    this.#context = context;
    this.#transportDeps = { clock: context.clock, pool: new BufferPool(), queue: new FlushQueue() };
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  get inFlight(): number {
    let sum = 0;
    for (const connection of this.#connections) sum += connection.inFlight;
    return sum;
  }

  accept(socket: Socket): void {
    if (this.#isClosed || socket.destroyed || this.#connections.size >= this.#context.limits.maxConnections) {
      socket.destroy();
      return;
    }
    const connection = new ServerConnection(socket, { context: this.#context, transport: this.#transportDeps, id: ++this.#lastId });
    this.#connections.add(connection);
    connection.onGone = () => this.#gone(connection);
    this.#sweep ??= this.#scheduleSweep();
  }

  listen(address: ListenAddress): Promise<ListenAddress> {
    const listener = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.accept(socket));
    this.#listeners.add(listener);
    return new Promise((resolve, reject) => {
      listener.once("error", reject);
      listener.listen("path" in address ? address.path : { host: address.host, port: address.port }, () => {
        listener.off("error", reject);
        listener.on("error", (error) => this.#context.log.error("accepting connections failed", error));
        const bound = listener.address();
        resolve(bound !== null && typeof bound === "object" ? { host: bound.address, port: bound.port } : address);
      });
    });
  }

  async drain(graceMs: number, idleGraceMs = 0): Promise<void> {
    this.#isClosed = true;
    const stopped = this.#stopListening();
    const idleMs = Math.min(idleGraceMs, graceMs);
    if (idleMs > 0) {
      for (const connection of this.#connections) connection.retire();
      await this.#emptied(idleMs);
    }
    for (const connection of this.#connections) connection.drain();
    await this.#emptied(graceMs - idleMs);
    await this.close();
    await stopped;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#sweep?.cancel();
    const stopped = this.#stopListening();
    for (const connection of this.#connections) connection.destroy();
    await stopped;
  }

  #emptied(graceMs: number): Promise<void> {
    if (this.#connections.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#context.clock.setTimer(graceMs, () => resolve());
      this.#onEmpty = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  async #stopListening(): Promise<void> {
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    await Promise.all(listeners.map((listener) => new Promise<void>((resolve) => listener.close(() => resolve()))));
  }

  #gone(connection: ServerConnection): void {
    this.#connections.delete(connection);
    if (this.#connections.size > 0) return;
    this.#sweep?.cancel();
    this.#sweep = undefined;
    this.#onEmpty?.();
  }

  #scheduleSweep(): Timer {
    const { clock } = this.#context;
    return clock.setTimer(
      sweepEveryMs,
      () => {
        const nowMs = clock.monotonicMs();
        for (const connection of this.#connections) connection.sweep(nowMs);
        this.#sweep = this.#connections.size > 0 ? this.#scheduleSweep() : undefined;
      },
      { background: true },
    );
  }
}
