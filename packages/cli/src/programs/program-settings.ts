/** Settings of the programs, from the configuration. */
import type { Config } from "../config/keys.ts";
import { type DataFolder, dataFolderAt } from "../supervisor/data-folder.ts";
import type { StartFacts } from "../supervisor/supervisor.ts";
import type { ControlSettings } from "./control.ts";
import type { ServeSettings } from "./serve.ts";
import type { ServingLimits } from "./serving-stack.ts";

/** Of control. In a later life it takes the port it had before. */
export function controlSettings(config: Config, version: string, { dataUrl, controlUrl }: StartFacts): ControlSettings {
  const { dataDir, address, logLevel } = config;
  const controlPort = controlUrl === undefined ? config.controlPort : Number(new URL(controlUrl).port);
  return { dataDir, address, controlPort, dataUrl, version, logLevel };
}

/** Of a serving process. Memory is shared evenly. */
export function serveSettings(config: Config, version: string, slot: number): ServeSettings {
  const { controlSocket, objectsDir, preparedDir, logsDir }: DataFolder = dataFolderAt(config.dataDir);
  const { logLevel, runLimitMs, memoryBytes, servingProcesses } = config;
  return {
    ...servingLimits(config),
    controlSocket,
    objectsDir,
    preparedDir,
    logLevel,
    runLimitMs,
    version,
    capacityBytes: Math.floor(memoryBytes / servingProcesses),
    instanceId: `serving-${slot}`,
    runningFile: `${logsDir}/running-${slot}`,
  };
}

/** What requests and connections of a serving process may use. */
export function servingLimits(config: Config): ServingLimits {
  const { requestTimeoutMs, maxBodyBytes, maxInFlight, maxWaiting, maxQueuedPerModel } = config;
  const { idleTimeoutMs, maxHeaderBytes, maxConnections, maxConcurrentStreams } = config;
  return {
    gatewayLimits: { requestTimeoutMs, maxBodyBytes, maxInFlight, maxWaiting, maxQueuedPerModel },
    wireLimits: { idleTimeoutMs, maxHeaderBytes, maxConnections, maxConcurrentStreams },
  };
}
