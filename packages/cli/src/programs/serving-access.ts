/**
 * Who may connect to a data plane, and what is recorded of it: TLS, API keys, CORS and the access log, from settings that can be sent to a process.
 *
 * Invariant: whoever is refused, for a key or a certificate, is a line of the access log, whatever its level.
 */
import { type AccessLogLevel, type Clock, failedHandshakeRecord, type Log, type Random } from "@modelyard/core";
import type { GatewayOptions } from "@modelyard/gateway";
import type { Store } from "@modelyard/store";
import { type FailedHandshake, type TlsFiles, type WireServerOptions, watchTlsFiles } from "@modelyard/wire";
import { openLogFile } from "../supervisor/log-file.ts";
import { followKeys } from "./follow-keys.ts";

/** Settings of {@link openServingAccess}. */
export interface ServingAccessSettings {
  /** Default: cleartext. */
  readonly tls?: TlsFiles | undefined;
  /** Whether requests need an API key, or a client certificate where TLS asks for those. */
  readonly isAuthenticationRequired: boolean;
  readonly accessLog: AccessLogLevel;
  /** Folder of the access log. */
  readonly logsDir: string;
  /** Web pages that may call; empty: none. */
  readonly corsOrigins: readonly string[];
}

/** What {@link openServingAccess} works with. */
export interface ServingAccessDeps {
  readonly store: Store;
  readonly instanceId: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
}

/** Options for the parts of a data plane. */
export interface ServingAccess {
  readonly wire: Pick<WireServerOptions, "tls" | "onFailedHandshake">;
  readonly gateway: Pick<GatewayOptions, "cors"> & Required<Pick<GatewayOptions, "authentication" | "accessLog" | "writeAccessLog">>;
  /** To be called when the gateway is closed. Idempotent. */
  close(): Promise<void>;
}

/** Reads certificates and begins to follow keys. Rejects with `TLS_CONFIG_INVALID`. */
export async function openServingAccess(settings: ServingAccessSettings, deps: ServingAccessDeps): Promise<ServingAccess> {
  const { tls, isAuthenticationRequired, accessLog, logsDir, corsOrigins } = settings;
  const { clock, log, instanceId } = deps;
  const clientCertificates = (tls?.clientAuth ?? "none") !== "none";
  const watched = tls && (await watchTlsFiles(tls, { clock, log }));
  const isLogged = accessLog !== "off" || isAuthenticationRequired || clientCertificates;
  const file = isLogged ? openLogFile({ dir: logsDir, name: `access-${instanceId}` }) : undefined;
  const keys = isAuthenticationRequired ? followKeys(deps) : undefined;
  const writeAccessLog = (lines: string): void => file?.write(lines);
  const onFailedHandshake = ({ isClientRefused, remoteAddress: remote, ...failed }: FailedHandshake): void => {
    if (!isClientRefused) return;
    writeAccessLog(`${JSON.stringify(failedHandshakeRecord({ face: "rest", remote, ...failed, endedMs: clock.nowMs() }))}\n`);
  };
  return {
    wire: { ...(watched && { tls: watched.context, onFailedHandshake }) },
    gateway: {
      authentication: keys ? { kind: "required", keys: keys.table, clientCertificates } : { kind: "none" },
      accessLog,
      writeAccessLog,
      ...(corsOrigins.length > 0 && { cors: { allowedOrigins: corsOrigins } }),
    },
    async close() {
      watched?.close();
      await keys?.close();
      file?.close();
    },
  };
}
