/** Servers and raw clients for the tests of others. */
export { HpackDecoder } from "../hpack/decoder.ts";
export { HpackEncoder } from "../hpack/encoder.ts";
export { errorCodeName } from "../http2/protocol.ts";
export { type CertificateInit, type TestAuthority, type TestCertificate, testAuthority } from "./certificates.ts";
export { echo, pipe, startServer, type TestServer, type TestServerOptions } from "./echo-server.ts";
export { findH2spec, type H2specFailure, type H2specReport, type H2specTarget, runH2spec } from "./h2spec.ts";
export type { Http1ServerName } from "./http1-cases.ts";
export { type Http1Result, runHttp1Cases } from "./http1-runner.ts";
export { type Http1Target, hasNginx, startHttp1Target } from "./http1-targets.ts";
export { type IdleConnectionsReport, measureIdleConnections } from "./idle-connections.ts";
export { rawExchange } from "./raw-exchange.ts";
export { clientPreface, framesOf, type ReceivedFrame, rawFrame } from "./raw-frames.ts";
