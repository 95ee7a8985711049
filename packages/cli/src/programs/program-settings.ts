/** Settings of the programs, from the configuration. */

import type { TlsFiles } from "@modelyard/wire";
import type { Config } from "../config/keys.ts";
import { originsOf } from "../config/security-keys.ts";
import { type DataFolder, dataFolderAt } from "../supervisor/data-folder.ts";
import type { StartFacts } from "../supervisor/supervisor.ts";
import type { ControlSettings } from "./control.ts";
import type { PortAccessSettings } from "./port-access.ts";
import type { ServeSettings } from "./serve.ts";
import type { ServingAccessSettings } from "./serving-access.ts";
import type { ServingLimits } from "./serving-stack.ts";
import { storageSettings } from "./storage-settings.ts";

/** Of control. In a later life it takes the port it had before. */
export function controlSettings(config: Config, version: string, { dataUrl, controlUrl }: StartFacts): ControlSettings {
  const { dataDir, address, logLevel } = config;
  const controlPort = controlUrl === undefined ? config.controlPort : Number(new URL(controlUrl).port);
  return { dataDir, address, controlPort, dataUrl, version, logLevel, access: portAccess(config), storage: storageSettings(config) };
}

/** Of a serving process. Memory is shared evenly. */
export function serveSettings(config: Config, version: string, slot: number): ServeSettings {
  const { controlSocket, objectsDir, preparedDir }: DataFolder = dataFolderAt(config.dataDir);
  const { logLevel, memoryBytes, servingProcesses } = config;
  return {
    ...servingLimits(config),
    access: servingAccess(config),
    controlSocket,
    objectsDir,
    preparedDir,
    logLevel,
    version,
    capacityBytes: Math.floor(memoryBytes / servingProcesses),
    instanceId: `serving-${slot}`,
    runningFile: runningFileOf(config, slot),
  };
}

/** Where the serving process of a slot keeps who runs. */
export function runningFileOf({ dataDir }: Pick<Config, "dataDir">, slot: number): string {
  return `${dataFolderAt(dataDir).logsDir}/running-${slot}`;
}

/** What requests, connections and models of a serving process may use. */
export function servingLimits(config: Config): ServingLimits {
  const { requestTimeoutMs, maxBodyBytes, maxInFlight, maxWaiting, maxQueuedPerModel } = config;
  const { idleTimeoutMs, maxHeaderBytes, maxConnections, maxConcurrentStreams } = config;
  const { runLimitMs, maxIsolatedModels } = config;
  return {
    gatewayLimits: { requestTimeoutMs, maxBodyBytes, maxInFlight, maxWaiting, maxQueuedPerModel },
    wireLimits: { idleTimeoutMs, maxHeaderBytes, maxConnections, maxConcurrentStreams },
    runtimeLimits: { runLimitMs, maxIsolatedModels },
  };
}

/** Who may connect to a serving process. */
export function servingAccess(config: Config): ServingAccessSettings {
  return { ...portAccess(config), corsOrigins: originsOf(config.corsOrigins) };
}

/** Who may connect to the port of a process, and what is recorded of it. */
export function portAccess(config: Config): PortAccessSettings {
  const { accessLog, dataDir } = config;
  return {
    tls: tlsFiles(config),
    isAuthenticationRequired: isAuthenticationRequired(config),
    accessLog,
    logsDir: dataFolderAt(dataDir).logsDir,
  };
}

/** Certificates of every port; undefined: cleartext. */
export function tlsFiles(config: Config): TlsFiles | undefined {
  const { tlsCertFile: certFile, tlsKeyFile: keyFile, tlsClientCaFile: clientCaFile, clientCertificates: clientAuth } = config;
  if (certFile === "") return undefined;
  return { certFile, keyFile, clientAuth, ...(clientCaFile !== "" && { clientCaFile }) };
}

/** Who may read the metrics. */
export function metricsAccess(config: Config): { readonly tls: TlsFiles | undefined; readonly isAuthenticationRequired: boolean } {
  return { tls: tlsFiles(config), isAuthenticationRequired: isAuthenticationRequired(config) };
}

/** A certificate that is required is who sends: it is told to the access log, and a key beside it narrows what it opens. */
function isAuthenticationRequired({ authentication, clientCertificates }: Config): boolean {
  return authentication === "required" || clientCertificates === "required";
}
