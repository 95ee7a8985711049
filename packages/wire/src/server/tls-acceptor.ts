/**
 * Puts TLS on sockets that were accepted elsewhere, and hands over those whose handshake succeeded. A handshake that fails, or takes too long,
 * costs its socket; it is counted, and logged for those who debug.
 */
import type { Socket } from "node:net";
import type { Server, TLSSocket } from "node:tls";
import { IdSlots, type Log } from "@modelyard/core";
import type { TlsInfo } from "../message/exchange.ts";
import { nodeTls } from "../socket/node-tls.ts";
import type { ClientAuth, ResolvedTls, TlsContext } from "./tls-context.ts";
import { tlsInfoOf } from "./tls-info.ts";

/** A handshake that did not succeed. */
export interface FailedHandshake {
  /** Empty when the client is gone already. */
  readonly remoteAddress: string;
  readonly why: string;
  /** Whether all was right but the client's certificate: none where one is required, or one that is not valid. */
  readonly isClientRefused: boolean;
  /** Common name in the certificate that was not accepted: what the client claims to be. */
  readonly certificate?: string;
}

/** What an acceptor works with. */
export interface TlsAcceptorDeps {
  readonly context: TlsContext;
  readonly log: Log;
  /** From the accepted socket to the end of the handshake. */
  readonly handshakeTimeoutMs: number;
  /** What ALPN offers, for servers that do not speak every protocol. Default that of the context. */
  readonly protocols?: readonly string[];
  /** Told of each handshake that did not succeed. */
  readonly onFailed: ((failed: FailedHandshake) => void) | undefined;
  readonly onSecure: (socket: TLSSocket, tls: TlsInfo) => void;
}

interface OpenSocket {
  readonly id: number;
  readonly socket: Socket;
}

/** Acceptor of one server. */
export class TlsAcceptor {
  readonly #deps: TlsAcceptorDeps;
  readonly #sockets = new IdSlots<OpenSocket>();
  #nextId = 1;
  /** Never listens: it gets its connections by {@link accept}. One for each state of the context. */
  #server: Server | undefined;
  #madeFrom: ResolvedTls | undefined;
  #failedHandshakes = 0;

  constructor(deps: TlsAcceptorDeps) {
    this.#deps = deps;
  }

  /** Sockets that are open, in their handshake or after it. */
  get openCount(): number {
    return this.#sockets.size;
  }

  get failedHandshakes(): number {
    return this.#failedHandshakes;
  }

  /** Takes a socket from which nothing was read. */
  accept(socket: Socket): void {
    // Ended by the client during the handshake, it is of no use; the transport changes this afterwards.
    socket.allowHalfOpen = false;
    const id = this.#nextId++;
    this.#sockets.add({ id, socket });
    socket.once("close", () => this.#sockets.take(id));
    // A connection that is lost during the handshake ends as a failed handshake.
    socket.on("error", () => {});
    this.#serverNow().emit("connection", socket);
  }

  /** Ends every socket. */
  close(): void {
    for (const { socket } of this.#sockets.all()) socket.destroy();
  }

  #serverNow(): Server {
    const { current } = this.#deps.context;
    if (this.#server && this.#madeFrom === current) return this.#server;
    this.#madeFrom = current;
    this.#server = this.#createServer(current);
    return this.#server;
  }

  #createServer({ serverOptions, clientAuth }: ResolvedTls): Server {
    const { handshakeTimeoutMs: handshakeTimeout, protocols } = this.#deps;
    const offered = protocols === undefined ? {} : { ALPNProtocols: [...protocols] };
    const server = nodeTls().createServer({ ...serverOptions, ...offered, handshakeTimeout });
    server.on("secureConnection", (socket) => {
      const refusal = refusalOf(socket, clientAuth);
      if (refusal !== undefined) {
        this.#failed(socket, { why: refusal, isClientRefused: true, ...claimedName(socket) });
        return;
      }
      socket.disableRenegotiation();
      this.#deps.onSecure(socket, tlsInfoOf(socket));
    });
    server.on("tlsClientError", (error, socket) => this.#failed(socket, { why: shortMessage(error), isClientRefused: false }));
    return server;
  }

  #failed(socket: TLSSocket, failed: Omit<FailedHandshake, "remoteAddress">): void {
    this.#failedHandshakes++;
    const remoteAddress = socket.remoteAddress ?? "";
    this.#deps.log.debug("TLS handshake failed", { why: failed.why, remoteAddress });
    this.#deps.onFailed?.({ remoteAddress, ...failed });
    socket.destroy();
  }
}

/** Why a client is refused whose handshake succeeded. */
function refusalOf(socket: TLSSocket, clientAuth: ClientAuth): string | undefined {
  if (clientAuth === "none" || socket.authorized) return undefined;
  if (socket.getPeerX509Certificate()) return `client certificate: ${String(socket.authorizationError)}`;
  return clientAuth === "required" ? "no client certificate" : undefined;
}

function claimedName(socket: TLSSocket): Pick<FailedHandshake, "certificate"> {
  if (!socket.getPeerX509Certificate()) return {};
  const name: unknown = socket.getPeerCertificate().subject.CN;
  return typeof name === "string" ? { certificate: name } : {};
}

/** The reason in the middle of OpenSSL's messages, `…:SSL routines:function:reason:file:line:…`. */
function shortMessage({ message }: Error): string {
  return /:SSL routines:[^:]*:([^:]+)/.exec(message)?.[1] ?? message;
}
