/** Options of a connection to a peer, and their defaults. */
import type { Clock, Log, Random } from "@modelyard/core";
import type { SessionLimits } from "../http2/session.ts";
import { defaultLimits } from "../server/limits.ts";
import type { PeerAddress } from "./contract.ts";

/** How a peer is known, and how we are known to it. Read at each connection: getters serve certificates that are replaced. */
export interface PeerTls {
  /** Issuers of the peer's certificate, in PEM. Default: those of the system. */
  readonly ca?: string | Buffer | undefined;
  /** Our certificate, followed by the intermediate ones, in PEM. Default none. */
  readonly certificate?: string | Buffer | undefined;
  readonly key?: string | Buffer | undefined;
  /** Name that the peer's certificate must carry. Default: the host of the address. */
  readonly serverName?: string | undefined;
}

/** Options of `connectPeer`. */
export interface PeerOptions {
  readonly address: PeerAddress;
  readonly clock: Clock;
  readonly log: Log;
  /** Spreads reconnection attempts. */
  readonly random: Random;
  /** Value of `:authority` where a request names none. Default: from the address, `localhost` for a Unix socket. */
  readonly authority?: string;
  /** Requests in flight, waiting ones included; more fail with `PEER_BUSY`. Default 10,000. */
  readonly maxInFlight?: number;
  /** Time to connect and to receive the peer's SETTINGS. Default 5 s. */
  readonly connectTimeoutMs?: number;
  /** Shortest wait after a failed attempt; doubles up to `maxBackoffMs`. Requests made meanwhile fail. Default 50 ms. */
  readonly minBackoffMs?: number;
  /** Default 5 s. */
  readonly maxBackoffMs?: number;
  /** Silence, with requests in flight, after which a PING is sent. Default 10 s. */
  readonly keepAliveMs?: number;
  /** Time for its answer, after which the connection is given up. Default 5 s. */
  readonly keepAliveTimeoutMs?: number;
  /** Body bytes the peer may send ahead on one stream. Default 1 MiB. */
  readonly streamWindowBytes?: number;
  /** Speaks TLS 1.2 or 1.3 to the peer, which must agree on HTTP/2 (ALPN). Default: cleartext. */
  readonly tls?: PeerTls;
}

/** Options with every default filled in. */
export interface ResolvedPeerOptions extends Required<Omit<PeerOptions, "tls">> {
  readonly tls: PeerTls | undefined;
  /** Value of `:scheme` where a request names none. */
  readonly scheme: "http" | "https";
  /** The peer in messages. */
  readonly name: string;
  readonly limits: SessionLimits;
}

/** Fills the defaults in. */
export function resolvePeerOptions(options: PeerOptions): ResolvedPeerOptions {
  const { address } = options;
  const name = "path" in address ? address.path : `${address.host}:${address.port}`;
  const streamWindowBytes = options.streamWindowBytes ?? defaultLimits.streamWindowBytes;
  return {
    authority: "path" in address ? "localhost" : name,
    maxInFlight: 10_000,
    connectTimeoutMs: 5_000,
    minBackoffMs: 50,
    maxBackoffMs: 5_000,
    keepAliveMs: 10_000,
    keepAliveTimeoutMs: 5_000,
    ...options,
    tls: options.tls,
    scheme: options.tls ? "https" : "http",
    streamWindowBytes,
    name,
    // A peer is trusted further than a client: forwarded answers may be large, and many streams end by our own resets.
    limits: {
      ...defaultLimits,
      streamWindowBytes,
      connectionWindowBytes: 64 * 1024 * 1024,
      maxOutputBytes: 256 * 1024 * 1024,
      maxResets: 20_000,
      minBytesPerSecond: 0,
    },
  };
}
