/** A server that speaks HTTP/1.1 and HTTP/2 (cleartext, prior knowledge) on the same sockets; the first bytes decide. */
import { createServer, type Server, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { type Clock, IdSlots, type Log, type OwedWork, type Timer } from "@modelyard/core";
import type { SharedHeads } from "../http1/head-reader.ts";
import type { Protocol, RequestHandler, TlsInfo } from "../message/exchange.ts";
import { BufferBudget } from "../socket/buffer-budget.ts";
import { BufferPool } from "../socket/buffer-pool.ts";
import { FlushQueue } from "../socket/flush-queue.ts";
import { HeadMemo, type HeadMemoLimits } from "../socket/head-memo.ts";
import type { TransportDeps } from "../socket/transport.ts";
import { TurnShare } from "../socket/turn-share.ts";
import type { ServerContext } from "./connection-driver.ts";
import { defaultLimits, type WireLimits } from "./limits.ts";
import { Overflow } from "./overflow.ts";
import { ServerConnection } from "./server-connection.ts";
import { type FailedHandshake, TlsAcceptor } from "./tls-acceptor.ts";
import type { TlsContext } from "./tls-context.ts";

/** Options of {@link createWireServer}. */
export interface WireServerOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** What handlers put off to the end of the turn of the event loop. Default: nothing. */
  readonly owed?: OwedWork;
  /** Those that differ from `defaultLimits`. */
  readonly limits?: Partial<WireLimits>;
  /** Puts TLS on every connection; ALPN chooses the protocol, where a client offers none the first bytes do. Default: cleartext. */
  readonly tls?: TlsContext;
  /** Told of each TLS handshake that did not succeed, for those who record them. Default: they are counted, and logged at `debug`. */
  readonly onFailedHandshake?: (failed: FailedHandshake) => void;
}

/** Where to listen: port 0 takes a free one. */
export type ListenAddress = { readonly host: string; readonly port: number } | { readonly path: string };

/** A server socket that another process bound, as it arrives with a message of that. */
export interface BoundSocket {
  readonly handle: object;
}

/** A server. */
export interface WireServer {
  /** Serves a socket that was accepted elsewhere, paused or not, and from which nothing was read. */
  accept(socket: Socket): void;
  /** Accepts connections itself; resolves with the address, its port filled in. */
  listen(address: ListenAddress | BoundSocket): Promise<ListenAddress>;
  /** Open connections. */
  readonly connectionCount: number;
  /** Requests being answered. */
  readonly inFlight: number;
  /** Bytes of bodies being collected and of output waiting, over all connections. */
  readonly bufferedBytes: number;
  /** TLS handshakes that did not succeed, so far. */
  readonly failedHandshakes: number;
  /**
   * Takes no new connection or request, waits until those in flight are answered, at most `graceMs`, then closes. An HTTP/1.1 connection without a
   * request has `idleGraceMs` (default 0) for one more: its client cannot be told to send that elsewhere, and may be sending it.
   */
  drain(graceMs: number, idleGraceMs?: number): Promise<void>;
  /** Closes every connection at once. Idempotent. */
  close(): Promise<void>;
}

const sweepEveryMs = 1_000;
/** Connections that the kernel keeps for a server that is busy; the system may allow fewer. */
export const listenBacklog = 4_096;

/** What the connections of a server remember together: enough for the heads of some thousand models. */
const sharedHeadLimits: HeadMemoLimits = { maxMemoBytes: 8 * 1024 * 1024, maxMemoEntries: 4_096 };

/** Creates a server. */
export function createWireServer(options: WireServerOptions, onRequest: RequestHandler): WireServer {
  const limits = { ...defaultLimits, ...options.limits };
  const buffers = new BufferBudget(limits.maxBufferedBytes);
  const { clock, log, tls } = options;
  const sharedHeads: SharedHeads | undefined = tls ? undefined : new HeadMemo(sharedHeadLimits);
  return new ConnectionSet({ clock, log, limits, onRequest, buffers, sharedHeads }, options);
}

function agreedProtocol({ alpnProtocol }: TLSSocket): Protocol | undefined {
  return alpnProtocol === "h2" || alpnProtocol === "http/1.1" ? alpnProtocol : undefined;
}

class ConnectionSet implements WireServer {
  readonly #context: ServerContext;
  readonly #transportDeps: TransportDeps;
  readonly #connections = new IdSlots<ServerConnection>();
  readonly #listeners = new Set<Server>();
  readonly #tls: TlsAcceptor | undefined;
  readonly #overflow: Overflow;
  #lastId = 0;
  #sweep: Timer | undefined;
  #isClosed = false;
  #onEmpty: (() => void) | undefined;

  constructor(context: ServerContext, { tls, owed, onFailedHandshake: onFailed }: WireServerOptions) {
    this.#context = context;
    this.#overflow = new Overflow(context.clock);
    // A read of a TLS socket arrives in several callbacks, one for each record.
    this.#transportDeps = {
      clock: context.clock,
      pool: new BufferPool(),
      budget: context.buffers,
      queue: new FlushQueue({ endOfTurn: tls !== undefined }),
      turns: new TurnShare(context.clock, owed),
    };
    if (!tls) return;
    const handshakeTimeoutMs = context.limits.handshakeTimeoutMs;
    const onSecure = (socket: TLSSocket, info: TlsInfo): void => this.#serve(socket, info);
    this.#tls = new TlsAcceptor({ context: tls, log: context.log, handshakeTimeoutMs, onFailed, onSecure });
  }

  get connectionCount(): number {
    return this.#tls?.openCount ?? this.#connections.size;
  }

  get bufferedBytes(): number {
    return this.#context.buffers.usedBytes;
  }

  get failedHandshakes(): number {
    return this.#tls?.failedHandshakes ?? 0;
  }

  get inFlight(): number {
    let sum = 0;
    for (const connection of this.#connections.all()) sum += connection.inFlight;
    return sum;
  }

  accept(socket: Socket): void {
    const isFull = this.connectionCount >= this.#context.limits.maxConnections;
    if (this.#isClosed || socket.destroyed || (isFull && this.#tls)) socket.destroy();
    else if (isFull) this.#overflow.refuse(socket);
    else if (this.#tls) this.#tls.accept(socket);
    else this.#serve(socket);
  }

  #serve(socket: Socket | TLSSocket, tls?: TlsInfo): void {
    if (this.#isClosed) {
      socket.destroy();
      return;
    }
    const agreed = tls && "alpnProtocol" in socket ? agreedProtocol(socket) : undefined;
    const deps = { context: this.#context, transport: this.#transportDeps, id: ++this.#lastId, tls, agreed };
    const connection = new ServerConnection(socket, deps);
    this.#connections.add(connection);
    connection.onGone = () => this.#gone(connection);
    this.#sweep ??= this.#scheduleSweep();
  }

  listen(address: ListenAddress | BoundSocket): Promise<ListenAddress> {
    const listener = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.accept(socket));
    this.#listeners.add(listener);
    return new Promise((resolve, reject) => {
      listener.once("error", reject);
      const onListening = (): void => {
        listener.off("error", reject);
        listener.on("error", (error) => this.#context.log.error("accepting connections failed", error));
        const bound = listener.address();
        resolve(bound !== null && typeof bound === "object" ? { host: bound.address, port: bound.port } : { path: bound ?? "" });
      };
      if ("handle" in address) listener.listen(address.handle, listenBacklog, onListening);
      else listener.listen({ ...address, backlog: listenBacklog }, onListening);
    });
  }

  async drain(graceMs: number, idleGraceMs = 0): Promise<void> {
    this.#isClosed = true;
    const stopped = this.#stopListening();
    const idleMs = Math.min(idleGraceMs, graceMs);
    if (idleMs > 0) {
      for (const connection of this.#connections.all()) connection.retire();
      await this.#emptied(idleMs);
    }
    for (const connection of this.#connections.all()) connection.drain();
    await this.#emptied(graceMs - idleMs);
    await this.close();
    await stopped;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#sweep?.cancel();
    const stopped = this.#stopListening();
    for (const connection of this.#connections.all()) connection.destroy();
    this.#tls?.close();
    this.#overflow.close();
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
    this.#connections.take(connection.id);
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
        for (const connection of this.#connections.all()) connection.sweep(nowMs);
        this.#sweep = this.#connections.size > 0 ? this.#scheduleSweep() : undefined;
      },
      { background: true },
    );
  }
}
