/** Opens the socket to a peer, with TLS where that is asked for. What goes wrong, it tells by its "error" and "close" events. */
import { connect, Socket } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { nodeTls } from "../socket/node-tls.ts";
import type { PeerAddress } from "./contract.ts";
import type { PeerTls } from "./options.ts";

/** Where to, and how. */
export interface SocketTarget {
  readonly address: PeerAddress;
  readonly tls: PeerTls | undefined;
}

/** Opens a socket; what is written to it waits until it stands. */
export function openSocket({ address, tls }: SocketTarget): Socket {
  const where = "path" in address ? { path: address.path } : { host: address.host, port: address.port };
  if (!tls) return connect(where);
  try {
    return openTls({ ...where, ...optionsOf(tls) });
  } catch (error) {
    // What OpenSSL does not accept ends the attempt as any other failure does.
    return new Socket().destroy(error instanceof Error ? error : new Error(String(error)));
  }
}

function openTls(options: ConnectionOptions): Socket {
  const socket = nodeTls().connect(options);
  socket.once("secureConnect", () => {
    if (socket.alpnProtocol !== "h2") socket.destroy(new Error("it does not speak HTTP/2 over TLS"));
  });
  return socket;
}

function optionsOf({ ca, certificate, key, serverName }: PeerTls): ConnectionOptions {
  return {
    ALPNProtocols: ["h2"],
    minVersion: "TLSv1.2",
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined ? {} : { cert: certificate }),
    ...(key === undefined ? {} : { key }),
    ...(serverName === undefined ? {} : { servername: serverName }),
  };
}
