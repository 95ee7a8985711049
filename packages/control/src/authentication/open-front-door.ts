/** Puts the door, and TLS before it, in front of a server. */
import {
  AccessLog,
  type AccessLogLevel,
  type AccessRecord,
  type AuthenticationOptions,
  type Clock,
  failedHandshakeRecord,
  type Log,
  type Metrics,
} from "@modelyard/core";
import type { FailedHandshake, TlsContext } from "@modelyard/wire";
import type { FastifyInstance } from "fastify";
import { FrontDoor } from "./front-door.ts";
import { putTlsOn } from "./tls-connections.ts";

/** Who may connect, and what is recorded of it. */
export interface AccessOptions {
  /** Whether requests must carry an API key or a client certificate; probes are always open. Default `none`. */
  readonly authentication?: AuthenticationOptions;
  /** Puts TLS on every connection. Default: cleartext. */
  readonly tls?: TlsContext;
  /** Which answers are recorded; refused credentials and client certificates always are. Default `off`. */
  readonly accessLog?: AccessLogLevel;
  /** Receives lines of JSON, newlines included. Default: they are logged. */
  readonly writeAccessLog?: (lines: string) => void;
}

/** What {@link openFrontDoor} is given. */
export interface FrontDoorOptions extends AccessOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** The door in front of the routes that are added to the server from now on. */
export function openFrontDoor(app: FastifyInstance, options: FrontDoorOptions): FrontDoor {
  const { clock, log, tls, authentication = { kind: "none" } } = options;
  const accessLog = openAccessLog(options);
  const onFailed = ({ isClientRefused, remoteAddress: remote, ...failed }: FailedHandshake): void => {
    const endedMs = clock.nowMs();
    if (isClientRefused) accessLog.add(() => failedHandshakeRecord({ face: "control", remote, ...failed, endedMs }));
  };
  const connections = tls && putTlsOn(app.server, { context: tls, log, onFailed });
  const door = new FrontDoor({
    authentication,
    clock,
    accessLog,
    certificateSubjectOf: (socket) => connections?.verifiedSubjectOf(socket),
  });
  door.guard(app);
  // Connections that stand in their handshake would keep the server from closing.
  app.addHook("preClose", async () => connections?.close());
  app.addHook("onClose", async () => door.close());
  return door;
}

function openAccessLog({ clock, log, metrics, accessLog = "off", writeAccessLog }: FrontDoorOptions): AccessLog<() => AccessRecord> {
  return new AccessLog({
    clock,
    log,
    metrics,
    accessLog,
    writeAccessLog: writeAccessLog ?? ((lines) => log.info("Requests were answered", { requests: lines.trimEnd().split("\n") })),
    recordOf: (entry) => entry(),
  });
}
