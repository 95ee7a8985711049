/**
 * Who may connect to a port, and what is recorded of it: TLS, API keys and the access log, from settings that can be sent to a process.
 *
 * Invariant: whoever is refused, for a key or a certificate, is a line of the access log, whatever its level.
 */
import type { AccessLogLevel, AuthenticationOptions, Clock, Log, Random } from "@modelyard/core";
import type { Store } from "@modelyard/store";
import { type TlsFiles, type WatchedTls, watchTlsFiles } from "@modelyard/wire";
import { openLogFile } from "../supervisor/log-file.ts";
import { followKeys } from "./follow-keys.ts";

/** Settings of {@link openPortAccess}. */
export interface PortAccessSettings {
  /** Default: cleartext. */
  readonly tls?: TlsFiles | undefined;
  /** Whether requests need an API key, or a client certificate where TLS asks for those. */
  readonly isAuthenticationRequired: boolean;
  readonly accessLog: AccessLogLevel;
  /** Folder of the access log. */
  readonly logsDir: string;
}

/** What {@link openPortAccess} works with. */
export interface PortAccessDeps {
  readonly store: Store;
  /** Which process it is, for the name of its access log. */
  readonly instanceId: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  /** Told after another certificate was taken up. Default: nobody is. */
  readonly onCertificateReplaced?: () => void;
}

/** Options for the parts of a port. */
export interface PortAccess {
  /** Undefined: cleartext. */
  readonly tls: WatchedTls | undefined;
  readonly authentication: AuthenticationOptions;
  readonly accessLog: AccessLogLevel;
  /** Receives whole lines, newlines included. */
  readonly writeAccessLog: (lines: string) => void;
  /** To be called when the port is closed. Idempotent. */
  close(): Promise<void>;
}

/** Reads certificates and begins to follow keys. Rejects with `TLS_CONFIG_INVALID`. */
export async function openPortAccess(settings: PortAccessSettings, deps: PortAccessDeps): Promise<PortAccess> {
  const { tls: files, isAuthenticationRequired, accessLog, logsDir } = settings;
  const { clock, log, instanceId, onCertificateReplaced } = deps;
  const clientCertificates = (files?.clientAuth ?? "none") !== "none";
  const tls = files && (await watchTlsFiles(files, { clock, log, ...(onCertificateReplaced && { onReplaced: onCertificateReplaced }) }));
  const isLogged = accessLog !== "off" || isAuthenticationRequired || clientCertificates;
  const file = isLogged ? openLogFile({ dir: logsDir, name: `access-${instanceId}` }) : undefined;
  const keys = isAuthenticationRequired ? followKeys(deps) : undefined;
  return {
    tls,
    authentication: keys ? { kind: "required", keys: keys.table, clientCertificates } : { kind: "none" },
    accessLog,
    writeAccessLog: (lines) => file?.write(lines),
    async close() {
      tls?.close();
      await keys?.close();
      file?.close();
    },
  };
}
