/** Who may connect to a data plane, and what is recorded of it: TLS, API keys, CORS and the access log. */
import { failedHandshakeRecord } from "@modelyard/core";
import type { GatewayOptions } from "@modelyard/gateway";
import type { FailedHandshake, WireServerOptions } from "@modelyard/wire";
import { openPortAccess, type PortAccessDeps, type PortAccessSettings } from "./port-access.ts";

/** Settings of {@link openServingAccess}. */
export interface ServingAccessSettings extends PortAccessSettings {
  /** Web pages that may call; empty: none. */
  readonly corsOrigins: readonly string[];
}

/** Options for the parts of a data plane. */
export interface ServingAccess {
  readonly wire: Pick<WireServerOptions, "tls" | "onFailedHandshake">;
  readonly gateway: Pick<GatewayOptions, "cors"> & Required<Pick<GatewayOptions, "authentication" | "accessLog" | "writeAccessLog">>;
  /** To be called when the gateway is closed. Idempotent. */
  close(): Promise<void>;
}

/** Reads certificates and begins to follow keys. Rejects with `TLS_CONFIG_INVALID`. */
export async function openServingAccess(settings: ServingAccessSettings, deps: PortAccessDeps): Promise<ServingAccess> {
  const { corsOrigins } = settings;
  const port = await openPortAccess(settings, deps);
  const { tls, authentication, accessLog, writeAccessLog } = port;
  const onFailedHandshake = ({ isClientRefused, remoteAddress: remote, ...failed }: FailedHandshake): void => {
    if (!isClientRefused) return;
    writeAccessLog(`${JSON.stringify(failedHandshakeRecord({ face: "rest", remote, ...failed, endedMs: deps.clock.nowMs() }))}\n`);
  };
  return {
    wire: { ...(tls && { tls: tls.context, onFailedHandshake }) },
    gateway: { authentication, accessLog, writeAccessLog, ...(corsOrigins.length > 0 && { cors: { allowedOrigins: corsOrigins } }) },
    close: () => port.close(),
  };
}
