/** The front door of the data plane: Open Inference Protocol v2 over REST and gRPC, on one port, over a mesh. */
export { createGateway, type Gateway } from "./gateway.ts";
export type { GatewayLimits, GatewayOptions } from "./options.ts";
