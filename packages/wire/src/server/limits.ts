/** Limits of a connection that a peer can run into. All have defaults that suit a public port. */

/** Limits; bytes and milliseconds as named. */
export interface WireLimits {
  /** Connections of a server at once; more are closed when accepted. Default 20,000. */
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
  stallTimeoutMs: 60_000,
  maxResets: 500,
  maxControlFrames: 20_000,
  streamWindowBytes: 1024 * 1024,
  connectionWindowBytes: 32 * 1024 * 1024,
  maxOutputBytes: 32 * 1024 * 1024,
  maxMemoBytes: 256 * 1024,
  maxMemoEntries: 512,
};
