/** Limits of a connection that a peer can run into. All have defaults that suit a public port. */

/** Limits; bytes and milliseconds as named. */
export interface WireLimits {
  /** Connections of a server at once; more are answered with 503 and `Retry-After`. Default 20,000. */
  readonly maxConnections: number;
  /** Requests in flight on an HTTP/2 connection; announced to the peer, more are refused with REFUSED_STREAM. Default 1,000. */
  readonly maxConcurrentStreams: number;
  /** Head of a request or trailers, decoded, counted as RFC 9113 §6.5.2 does for HTTP/2 and as received for HTTP/1.1. Default 32 KiB. */
  readonly maxHeaderBytes: number;
  /** Time without any request in flight after which a connection is closed. Default 5 minutes. */
  readonly idleTimeoutMs: number;
  /** Time from the first byte of a head (or from accepting the connection) to its end. Default 30 s. */
  readonly headTimeoutMs: number;
  /** Time from accepting a connection to the end of its TLS handshake. Default 10 s. */
  readonly handshakeTimeoutMs: number;
  /**
   * Bytes a second that a peer must send of a body it owes, or read (over HTTP/2: grant) of an answer that waits, on the average of the stall
   * limit: less is a way to hold memory for nothing. Default 100.
   */
  readonly minBytesPerSecond: number;
  /** Age at which a connection is retired: its client is told to open another. A tenth more or less, so that clients do not return at once. Default: none. */
  readonly maxConnectionAgeMs: number;
  /** Time that requests in flight have after that. Default 60 s. */
  readonly maxConnectionAgeGraceMs: number;
  /**
   * Bytes of bodies and gRPC messages being collected and of output waiting, over all connections; while they are exceeded new requests are refused with 503 and
   * `Retry-After`. Default 1 GiB.
   */
  readonly maxBufferedBytes: number;
  /** Silence of an HTTP/2 client after which it is asked by a PING whether it is still there. Default 2 hours. */
  readonly keepaliveTimeMs: number;
  /** Time for it to answer, after which the connection is given up. Default 20 s. */
  readonly keepaliveTimeoutMs: number;
  /** Time between PINGs of a client without a request in flight; one that keeps sending more is told to go away. Default 1 s. */
  readonly minPingIntervalMs: number;
  /** Time without progress after which a peer that owes a body or does not read its answers is cut off. Default 60 s. */
  readonly stallTimeoutMs: number;
  /** Streams a peer may reset within ten seconds before they are a second old or answered (rapid reset). Default 500. */
  readonly maxResets: number;
  /** SETTINGS, PING, PRIORITY, unknown and empty frames within ten seconds. Default 20,000. */
  readonly maxControlFrames: number;
  /** Body bytes a peer may send ahead on one stream. Default 1 MiB. */
  readonly streamWindowBytes: number;
  /** Body bytes a peer may send ahead on one connection. Default 32 MiB. */
  readonly connectionWindowBytes: number;
  /** Output waiting on one connection; the answer that exceeds it is reset. One answer on an idle connection may be larger. Default 32 MiB. */
  readonly maxOutputBytes: number;
  /** Memory of memoised heads on one connection. Default 256 KiB. */
  readonly maxMemoBytes: number;
  /** Number of memoised heads on one connection. Default 512. */
  readonly maxMemoEntries: number;
}

/** The defaults of {@link WireLimits}. */
export const defaultLimits: WireLimits = {
  maxConnections: 20_000,
  maxConcurrentStreams: 1_000,
  maxHeaderBytes: 32 * 1024,
  idleTimeoutMs: 300_000,
  headTimeoutMs: 30_000,
  handshakeTimeoutMs: 10_000,
  keepaliveTimeMs: 7_200_000,
  keepaliveTimeoutMs: 20_000,
  minPingIntervalMs: 1_000,
  minBytesPerSecond: 100,
  maxConnectionAgeMs: Number.POSITIVE_INFINITY,
  maxConnectionAgeGraceMs: 60_000,
  maxBufferedBytes: 1024 * 1024 * 1024,
  stallTimeoutMs: 60_000,
  maxResets: 500,
  maxControlFrames: 20_000,
  streamWindowBytes: 1024 * 1024,
  connectionWindowBytes: 32 * 1024 * 1024,
  maxOutputBytes: 32 * 1024 * 1024,
  maxMemoBytes: 256 * 1024,
  maxMemoEntries: 512,
};
