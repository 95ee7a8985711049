/** One connection of a server: waits for the first bytes, then lets the protocol they announce drive it (RFC 9113 §3.3). */
import type { Socket } from "node:net";
import { Http1Connection } from "../http1/connection.ts";
import { preface } from "../http2/protocol.ts";
import { ServerSession } from "../http2/server-session.ts";
import type { ConnectionInfo, Protocol, TlsInfo } from "../message/exchange.ts";
import { Transport, type TransportDeps, type TransportHandler } from "../socket/transport.ts";
import { type ConnectionDriver, connectionInfo, type ServerContext } from "./connection-driver.ts";

/** What a connection is made with. */
export interface ServerConnectionDeps {
  readonly context: ServerContext;
  readonly transport: TransportDeps;
  readonly id: number;
  readonly tls?: TlsInfo | undefined;
  /** What TLS agreed on (ALPN); absent: the first bytes decide. */
  readonly agreed?: Protocol | undefined;
}

/** 0.9 to 1.1, spread over connections that were opened one after the other. */
function ageFactor(id: number): number {
  return 0.9 + ((id * 7) % 21) / 100;
}

/** A connection. */
export class ServerConnection implements TransportHandler {
  readonly id: number;
  /** Called once when the connection is gone. */
  onGone: (() => void) | undefined = undefined;
  readonly #deps: ServerConnectionDeps;
  readonly #transport: Transport;
  readonly #openedMs: number;
  readonly #maxAgeMs: number;
  #driver: ConnectionDriver | undefined;
  #isRetiring = false;
  /** What came before the protocol was known: a beginning of the preface. */
  #first: Buffer | undefined;

  constructor(socket: Socket, deps: ServerConnectionDeps) {
    this.id = deps.id;
    this.#deps = deps;
    this.#openedMs = deps.context.clock.monotonicMs();
    this.#maxAgeMs = deps.context.limits.maxConnectionAgeMs * ageFactor(deps.id);
    this.#transport = new Transport(socket, deps.transport, this);
  }

  get inFlight(): number {
    return this.#driver?.inFlight ?? 0;
  }

  retire(): void {
    this.#isRetiring = true;
    this.#driver?.retire();
  }

  drain(): void {
    if (this.#driver) this.#driver.drain();
    else this.#transport.close();
  }

  destroy(): void {
    this.#transport.destroy();
  }

  sweep(nowMs: number): void {
    const { limits } = this.#deps.context;
    const ageMs = nowMs - this.#openedMs;
    if (this.#driver) this.#driver.sweep(nowMs);
    else if (ageMs > limits.headTimeoutMs) this.#transport.destroy();
    if (ageMs > this.#maxAgeMs) this.#endOldAge(ageMs - this.#maxAgeMs > limits.maxConnectionAgeGraceMs);
  }

  #endOldAge(isGraceOver: boolean): void {
    if (!this.#isRetiring) this.retire();
    else if (isGraceOver && this.inFlight === 0) this.drain();
    else if (isGraceOver) this.destroy();
  }

  onData(chunk: Buffer): void {
    if (this.#driver) {
      this.#driver.onData(chunk);
      return;
    }
    if (this.#deps.agreed === "http/1.1") {
      this.#begin(this.#http1(), chunk);
      return;
    }
    const first = this.#first ? Buffer.concat([this.#first, chunk]) : chunk;
    const compared = Math.min(first.length, preface.length);
    const isPreface = first.compare(preface, 0, compared, 0, compared) === 0;
    if (isPreface && compared < preface.length) {
      this.#first = first;
      return;
    }
    this.#first = undefined;
    if (isPreface) this.#begin(this.#http2(), first);
    else if (this.#deps.agreed === "h2") this.#transport.destroy();
    else this.#begin(this.#http1(), first);
  }

  #begin(driver: ConnectionDriver, first: Buffer): void {
    this.#driver = driver;
    if (this.#isRetiring) driver.retire();
    driver.onData(first);
  }

  onPeerEnd(): void {
    if (this.#driver) this.#driver.onPeerEnd();
    else this.#transport.close();
  }

  onClosed(why: string): void {
    this.#driver?.onClosed(why);
    this.onGone?.();
  }

  onDrain(): void {
    this.#driver?.onDrain();
  }

  #http2(): ConnectionDriver {
    return new ServerSession(this.#transport, this.#deps.context, this.#info("h2"));
  }

  #http1(): ConnectionDriver {
    return new Http1Connection(this.#transport, this.#deps.context, this.#info("http/1.1"));
  }

  #info(protocol: Protocol): ConnectionInfo {
    const { id, tls } = this.#deps;
    return connectionInfo({ id, protocol, remoteAddress: this.#transport.remoteAddress, tls, buffers: this.#deps.context.buffers });
  }
}
