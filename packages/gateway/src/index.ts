/** The front door of the data plane: Open Inference Protocol v2 over REST and gRPC, on one port, over a mesh. */
export type { AccessLogLevel } from "./access-log/access-log.ts";
export { type ApiKey, type ApiKeyRole, apiKeyPrefix, type KeyTable } from "./authentication/api-key.ts";
export type { AuthenticationOptions } from "./authentication/gatekeeper.ts";
export { type KeyChanges, type StoredKey, type WatchedKeys, type WatchKeysOptions, watchKeys } from "./authentication/watch-keys.ts";
export type { CorsOptions } from "./cors/cors-policy.ts";
export { createGateway, type Gateway } from "./gateway.ts";
export type { ServerLoadLimits } from "./limits/server-load.ts";
export type { GatewayLimits, GatewayOptions } from "./options.ts";
