/** Servers and clients for tests of the gateway. */
export { type GrpcCallExtras, grpcClient, type Message, type TestGrpcClient } from "./grpc-client.ts";
export { type RestAnswer, type RestRequest, send } from "./rest-client.ts";
export { countsOf, errorOf, inferPair, pairInput, type RestServers, restServers } from "./rest-servers.ts";
export { pairSignature, signatureOf, startTestServer, type TestServer, type TestServerOptions, testModel } from "./test-server.ts";
