/**
 * TLS in front of an HTTP server: each connection makes its handshake first, with the acceptor that the data port uses, so that certificates are
 * replaced and clients are refused by the same rules. It speaks HTTP/1.1 only.
 */
import type { Server } from "node:http";
import type { Socket } from "node:net";
import type { Log } from "@modelyard/core";
import { type FailedHandshake, TlsAcceptor, type TlsContext, type TlsInfo } from "@modelyard/wire";

/** What connections are made with. */
export interface TlsConnectionsOptions {
  readonly context: TlsContext;
  readonly log: Log;
  /** Told of each handshake that did not succeed. */
  readonly onFailed: (failed: FailedHandshake) => void;
}

/** The connections of a server. */
export interface TlsConnections {
  /** Common name in the certificate that the client of one showed and TLS verified; empty when it names nobody, undefined when there is none. */
  verifiedSubjectOf(socket: Socket): string | undefined;
  /** Ends all of them. */
  close(): void;
}

const handshakeTimeoutMs = 10_000;

/** Puts TLS on every connection that a server accepts from now on. */
export function putTlsOn(server: Server, { context, log, onFailed }: TlsConnectionsOptions): TlsConnections {
  const infos = new WeakMap<Socket, TlsInfo>();
  // What the server itself does with a connection, done with the one that is inside the connection.
  const serve = server.listeners("connection");
  const acceptor = new TlsAcceptor({
    context,
    log,
    handshakeTimeoutMs,
    protocols: ["http/1.1"],
    onFailed,
    onSecure(socket, info) {
      infos.set(socket, info);
      for (const listener of serve) listener.call(server, socket);
    },
  });
  server.removeAllListeners("connection").on("connection", (socket: Socket) => acceptor.accept(socket));
  return {
    verifiedSubjectOf(socket) {
      const info = infos.get(socket);
      return info?.authorized ? (info.subject ?? "") : undefined;
    },
    close: () => acceptor.close(),
  };
}
