/** Servers and clients for tests of the gateway. */
export { type FuzzCampaignOptions, type FuzzFinding, type FuzzReport, runFuzzCampaign } from "./fuzz/fuzz-campaign.ts";
export { type FuzzTrial, keepFuzzInput, tryFuzzInput } from "./fuzz/fuzz-trial.ts";
export { type GrpcCallExtras, grpcClient, type Message, type TestGrpcClient } from "./grpc-client.ts";
export { type GrpcConnected, type GrpcServers, grpcServers, rawRequest, refusalOf, until } from "./grpc-servers.ts";
export type { FaultyParts, PlantedFault } from "./planted-faults/planted-fault.ts";
export { plantedFaults } from "./planted-faults/planted-faults.ts";
export { noFault } from "./planted-faults/rest-faults.ts";
export { type RestAnswer, type RestRequest, send } from "./rest-client.ts";
export { countsOf, errorOf, inferPair, pairInput, type RestServers, restServers } from "./rest-servers.ts";
export { pairSignature, signatureOf, startTestServer, type TestServer, type TestServerOptions, testModel } from "./test-server.ts";
export {
  type PreparedRequest,
  prepareRequest,
  runWrongRequests,
  type ServerAddress,
  type WrongRequestResult,
} from "./wrong-request-runner.ts";
export { type WrongRequestModel, wrongRequestMaxBodyBytes, wrongRequestModels, wrongRequests } from "./wrong-requests.ts";
