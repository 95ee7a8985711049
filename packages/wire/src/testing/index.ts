/** Servers and raw clients for the tests of others. */
export { type CertificateInit, type TestAuthority, type TestCertificate, testAuthority } from "./certificates.ts";
export { echo, pipe, startServer, type TestServer, type TestServerOptions } from "./echo-server.ts";
export { findH2spec, type H2specFailure, type H2specReport, type H2specTarget, runH2spec } from "./h2spec.ts";
export { rawExchange } from "./raw-exchange.ts";
