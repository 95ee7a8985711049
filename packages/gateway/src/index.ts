/** The front door of the data plane: Open Inference Protocol v2 over REST and gRPC, on one port, over a mesh. */
export type { CorsOptions } from "./cors/cors-policy.ts";
export { createGateway, type Gateway } from "./gateway.ts";
export type { ServerLoadLimits } from "./limits/server-load.ts";
export { defaultLimits, type GatewayLimits, type GatewayOptions } from "./options.ts";
