/** Servers and clients for tests of the gateway. */
export { type GrpcCallExtras, grpcClient, type Message, type TestGrpcClient } from "./grpc-client.ts";
export { type GrpcConnected, type GrpcServers, grpcServers, rawRequest, refusalOf, until } from "./grpc-servers.ts";
export type { FaultyParts, PlantedFault } from "./planted-faults/planted-fault.ts";
export { plantedFaults } from "./planted-faults/planted-faults.ts";
export { type RestAnswer, type RestRequest, send } from "./rest-client.ts";
export { countsOf, errorOf, inferPair, pairInput, type RestServers, restServers } from "./rest-servers.ts";
export { pairSignature, signatureOf, startTestServer, type TestServer, type TestServerOptions, testModel } from "./test-server.ts";
