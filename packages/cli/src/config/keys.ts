/** Every key of the configuration: its meaning, how it is written, its default. The table is all there is to know about a key. */
import type { LogLevel } from "@modelyard/core";
import { bytesKey, type ConfigKey, choiceKey, durationKey, numberKeys, textKey } from "./key-kinds.ts";
import { type SecurityConfig, securityKeys } from "./security-keys.ts";
import { type StorageConfig, storageKeys } from "./storage-keys.ts";

const portKey = numberKeys({ min: 0, max: 65_535, placeholder: "PORT" });
const processCountKey = numberKeys({ min: 1, max: 64, placeholder: "COUNT" });
const limitKey = numberKeys({ min: 1, max: 1_000_000, placeholder: "COUNT" });

/** The configuration of a server. */
export interface Config extends SecurityConfig, StorageConfig {
  readonly dataDir: string;
  readonly address: string;
  readonly port: number;
  readonly controlPort: number;
  readonly metricsPort: number;
  readonly memoryBytes: number;
  readonly servingProcesses: number;
  readonly runLimitMs: number;
  readonly maxIsolatedModels: number;
  readonly requestTimeoutMs: number;
  readonly drainLimitMs: number;
  readonly idleTimeoutMs: number;
  readonly maxBodyBytes: number;
  readonly maxHeaderBytes: number;
  readonly maxConnections: number;
  readonly maxConcurrentStreams: number;
  readonly maxInFlight: number;
  readonly maxWaiting: number;
  readonly maxQueuedPerModel: number;
  readonly logLevel: LogLevel;
}

/** Keys of a server, by the name their value has in the program. */
export const configKeys: { readonly [P in keyof Config]: ConfigKey<Config[P]> } = {
  dataDir: {
    ...textKey({
      name: "data",
      meaning: "Folder for everything the server keeps; one server at a time may use it",
      placeholder: "DIR",
      defaultOf: (machine) => machine.dataDir,
    }),
    isPath: true,
  },
  address: textKey({
    name: "address",
    meaning: "Address every port is opened on; beyond loopback only with authentication or client certificates",
    placeholder: "ADDRESS",
    defaultOf: () => "127.0.0.1",
  }),
  port: portKey({
    name: "port",
    meaning: "Data port: HTTP/1.1, HTTP/2 and gRPC for inference; 0 takes any free one",
    defaultOf: () => 8_033,
  }),
  controlPort: portKey({
    name: "controlPort",
    meaning: "Control port: the Kubernetes-style API and a status page; 0 takes any free one",
    defaultOf: () => 8_043,
  }),
  metricsPort: portKey({
    name: "metricsPort",
    meaning: "Metrics port: GET /metrics in the format of Prometheus; 0 takes any free one, as does the default when it is in use",
    defaultOf: () => 2_112,
  }),
  memoryBytes: bytesKey({
    name: "memory",
    meaning: "Memory that loaded models may use together; beyond it the least used are evicted",
    minBytes: 2 ** 20,
    defaultOf: (machine) => Math.floor(machine.memoryBytes / 2),
  }),
  servingProcesses: processCountKey({
    name: "servingProcesses",
    meaning: "Processes that answer inference requests; each has its share of the memory",
    defaultOf: () => 1,
  }),
  runLimitMs: durationKey({
    name: "runLimit",
    meaning: "Longest run of a model; a longer one costs its process, and twice quarantines the model",
    minMs: 10,
    defaultOf: () => 30_000,
  }),
  maxIsolatedModels: limitKey({
    name: "maxIsolatedModels",
    meaning: "Models that run in a process of their own at once, in each serving process; more are not loaded",
    defaultOf: () => 8,
  }),
  requestTimeoutMs: durationKey({
    name: "requestTimeout",
    meaning: "Deadline of requests that bring none, loading the model included",
    minMs: 1,
    defaultOf: () => 60_000,
  }),
  drainLimitMs: durationKey({
    name: "drainLimit",
    meaning: "Time requests in flight have to finish when the server stops",
    minMs: 0,
    defaultOf: () => 30_000,
  }),
  idleTimeoutMs: durationKey({
    name: "idleTimeout",
    meaning: "Time without a request after which a connection is closed",
    minMs: 1_000,
    defaultOf: () => 300_000,
  }),
  maxBodyBytes: bytesKey({
    name: "maxBody",
    meaning: "Largest body of a request, or gRPC message",
    minBytes: 1_024,
    defaultOf: () => 64 * 2 ** 20,
  }),
  maxHeaderBytes: bytesKey({
    name: "maxHeader",
    meaning: "Largest head of a request",
    minBytes: 1_024,
    defaultOf: () => 32 * 2 ** 10,
  }),
  maxConnections: limitKey({
    name: "maxConnections",
    meaning: "Connections of one serving process; more are closed",
    defaultOf: () => 20_000,
  }),
  maxConcurrentStreams: limitKey({
    name: "maxConcurrentStreams",
    meaning: "Requests in flight on one HTTP/2 connection",
    defaultOf: () => 1_000,
  }),
  maxInFlight: limitKey({
    name: "maxInFlight",
    meaning: "Requests in flight in one serving process; more are refused",
    defaultOf: () => 20_000,
  }),
  maxWaiting: limitKey({
    name: "maxWaiting",
    meaning: "Requests of one serving process that wait for a load or a turn; more are refused",
    defaultOf: () => 10_000,
  }),
  maxQueuedPerModel: limitKey({
    name: "maxQueuedPerModel",
    meaning: "Requests that wait for their turn with one model; more are refused",
    defaultOf: () => 1_000,
  }),
  ...securityKeys,
  ...storageKeys,
  logLevel: choiceKey({
    name: "logLevel",
    meaning: "Lowest severity that is logged",
    choices: ["debug", "info", "warn", "error"],
    defaultOf: () => "info",
  }),
};

/** Name of a value in the program. */
export type ConfigProperty = keyof Config;

/** `--control-port` of `controlPort`. */
export function flagOf(keyName: string): string {
  return `--${keyName.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** `MODELYARD_CONTROL_PORT` of `controlPort`. */
export function variableOf(keyName: string): string {
  return `MODELYARD_${keyName.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}
