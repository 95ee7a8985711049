/** Options of the gateway and their defaults. */
import type { AccessLogLevel, AuthenticationOptions, Clock, Log, Metrics } from "@modelyard/core";
import type { Mesh } from "@modelyard/mesh";
import { type CorsOptions, CorsPolicy } from "./cors/cors-policy.ts";
import type { ServerLoadLimits } from "./limits/server-load.ts";

/** Limits of the gateway; each refuses with a reason that says which. */
export interface GatewayLimits {
  /** Largest body of a request, or gRPC message. Default 64 MiB. */
  readonly maxBodyBytes: number;
  /** How long a request may take when its client sets no deadline, loading the model included. Default 60,000. */
  readonly requestTimeoutMs: number;
  /** Requests that wait for a load, a turn or a run in a worker. Default 10,000. */
  readonly maxWaiting: number;
  /** Bytes of the bodies of the requests that wait. Default 512 MiB. */
  readonly maxWaitingBytes: number;
  /** Requests that wait for their turn with one model. Default 1,000. */
  readonly maxQueuedPerModel: number;
}

/** Options of `createGateway`. */
export interface GatewayOptions {
  readonly mesh: Mesh;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Name in the server metadata. */
  readonly serverName: string;
  /** Version in the server metadata. */
  readonly serverVersion: string;
  /** Those that differ from the defaults. */
  readonly limits?: Partial<GatewayLimits & ServerLoadLimits>;
  /**
   * Host names that requests may be addressed to besides those of loopback, lower-case and without port; `any` switches the check of Host and
   * Origin off, which suits a listener that authenticates. Default none: no web page can reach the server; `any` when authentication is required.
   */
  readonly allowedHosts?: readonly string[] | "any";
  /** Whether requests must carry an API key or a client certificate; health is always open. Default `none`. */
  readonly authentication?: AuthenticationOptions;
  /** Which answers are in the access log: none, those that failed, or all; refused credentials always are. Default `off`. */
  readonly accessLog?: AccessLogLevel;
  /** Receives the access log, whole lines of JSON with their newlines, off the request path. Default: the lines go to `log`. */
  readonly writeAccessLog?: (lines: string) => void;
  /** Web pages of other origins that may call. Default none. */
  readonly cors?: CorsOptions;
}

/** Options with every default filled in. */
export interface ResolvedGatewayOptions extends Omit<GatewayOptions, "cors"> {
  readonly limits: GatewayLimits & ServerLoadLimits;
  readonly allowedHosts: readonly string[] | "any";
  readonly authentication: AuthenticationOptions;
  readonly accessLog: AccessLogLevel;
  readonly writeAccessLog: (lines: string) => void;
  readonly cors: CorsPolicy | undefined;
}

/** The defaults of the limits. */
export const defaultLimits: GatewayLimits & ServerLoadLimits = {
  maxBodyBytes: 64 * 1024 * 1024,
  maxInFlight: 20_000,
  requestTimeoutMs: 60_000,
  maxWaiting: 10_000,
  maxWaitingBytes: 512 * 1024 * 1024,
  maxQueuedPerModel: 1_000,
};

/** Fills the defaults in. */
export function resolveGatewayOptions(options: GatewayOptions): ResolvedGatewayOptions {
  const { log, authentication = { kind: "none" } } = options;
  return {
    ...options,
    limits: { ...defaultLimits, ...options.limits },
    allowedHosts: options.allowedHosts ?? (authentication.kind === "required" ? "any" : []),
    authentication,
    accessLog: options.accessLog ?? "off",
    writeAccessLog: options.writeAccessLog ?? ((lines) => log.info("Requests were answered", { requests: lines.trimEnd().split("\n") })),
    cors: options.cors && new CorsPolicy(options.cors),
  };
}
