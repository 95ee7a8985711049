/** Servers and raw clients for the tests of others. */
export { echo, pipe, startServer, type TestServer, type TestServerOptions } from "./echo-server.ts";
export { rawExchange } from "./raw-exchange.ts";
