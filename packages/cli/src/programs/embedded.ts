/** Modelyard inside another program: control and data plane in this process, as often as one likes. */
import { type Clock, type Log, type Random, silentLog, systemClock, systemRandom } from "@modelyard/core";
import { warnOfCleartext } from "../config/check-security.ts";
import type { Config } from "../config/keys.ts";
import { usableMemoryBytes } from "../config/load-config.ts";
import { resolveConfig } from "../config/resolve-config.ts";
import { type SecurityConfig, securityKeys } from "../config/security-keys.ts";
import { collectSamples, type SampleSource } from "../supervisor/collect-samples.ts";
import { makeDataFolder, prepareDataFolder } from "../supervisor/data-folder.ts";
import { lockFolder } from "../supervisor/folder-lock.ts";
import { openMetricsPort } from "../supervisor/metrics-port.ts";
import { portFailure } from "../supervisor/port-failure.ts";
import { portUrl } from "../supervisor/port-url.ts";
import { processSamples } from "../supervisor/process-samples.ts";
import { productVersion } from "../version.ts";
import { type ControlStack, startControlStack } from "./control-stack.ts";
import { portAccess, servingAccess, servingLimits, tlsFiles } from "./program-settings.ts";
import { type ServingStack, startServingStack } from "./serving-stack.ts";
import { storageSettings } from "./storage-settings.ts";

/** Options of {@link startModelyard}. */
export interface ModelyardOptions extends Partial<SecurityConfig> {
  /** Folder for everything it keeps; one server at a time may use it. */
  readonly dataDir: string;
  /** Default `127.0.0.1`; beyond loopback only with `authentication` or required `clientCertificates`. */
  readonly address?: string;
  /** Data port, 0 for any free one. Default 8033. */
  readonly port?: number;
  /** Control port, 0 for any free one. Default 8043. */
  readonly controlPort?: number;
  /** Port for `GET /metrics`, 0 for any free one. Default: none. */
  readonly metricsPort?: number;
  /** Bytes that models may occupy together. Default half of the machine's memory. */
  readonly memoryBytes?: number;
  /** Default: nothing is logged. */
  readonly log?: Log;
}

/** A server inside this process. */
export interface Modelyard {
  readonly dataUrl: string;
  readonly controlUrl: string;
  /** Absent without a metrics port. */
  readonly metricsUrl?: string;
  /** Finishes requests in flight, then releases everything. Idempotent. */
  close(): Promise<void>;
}

/**
 * Starts a server in this process. It shares nothing with another one but the process itself: a model that crashes its runtime ends the
 * process, which under `modelyard up` would cost one serving process only.
 *
 * @throws `DATA_FOLDER_LOCKED`, `PORT_BUSY` and the other conditions of `modelyard up`.
 */
export async function startModelyard(options: ModelyardOptions): Promise<Modelyard> {
  const config = configOf(options);
  const log = options.log ?? silentLog();
  warnOfCleartext(config, log);
  const deps: Deps = { clock: systemClock(), log, random: systemRandom(), closers: [] };
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= closeAll(deps.closers);
    return closing;
  };
  try {
    return { ...(await start(config, { ...deps, metricsPort: options.metricsPort })), close };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Deps {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  /** What is to be released, the last first. */
  readonly closers: (() => Promise<void> | void)[];
}

interface StartDeps extends Deps {
  readonly metricsPort: number | undefined;
}

async function start(config: Config, deps: StartDeps): Promise<Omit<Modelyard, "close">> {
  const { address, dataDir, controlPort, port, memoryBytes: capacityBytes } = config;
  makeDataFolder(dataDir);
  const lock = await lockFolder(dataDir, deps);
  deps.closers.push(() => lock.release());
  const folder = prepareDataFolder(dataDir);
  const version = productVersion();
  const isSecure = config.tlsCertFile !== "";
  let dataUrl: string | undefined;
  const control = await startControlStack({
    folder,
    address,
    controlPort,
    dataUrl: () => dataUrl,
    version,
    storage: storageSettings(config),
    access: portAccess(config),
    ...deps,
  });
  deps.closers.push(() => control.close());
  const serving = await startServingStack({
    ...config,
    ...servingLimits(config),
    ...folder,
    ...deps,
    access: servingAccess(config),
    store: control.store,
    capacityBytes,
    version,
    instanceId: "serving-0",
  });
  deps.closers.push(() => serving.close(config.drainLimitMs));
  const listening = await serving.listen({ host: address, port }).catch((error: unknown) => {
    throw portFailure(error, { role: "data", flag: "port", address, port });
  });
  dataUrl = portUrl({ address, port: "port" in listening ? listening.port : port, isSecure });
  control.control.refresh();
  const metricsUrl =
    deps.metricsPort === undefined ? undefined : await startMetrics({ config, port: deps.metricsPort, control, serving }, deps);
  const metrics = metricsUrl === undefined ? {} : { metrics: metricsUrl };
  lock.update({ data: dataUrl, control: control.url, ...metrics });
  return { dataUrl, controlUrl: control.url, ...(metricsUrl !== undefined && { metricsUrl }) };
}

interface MetricsParts {
  readonly config: Config;
  readonly port: number;
  readonly control: ControlStack;
  readonly serving: ServingStack;
}

/** The parts are labelled as the processes they would be under a supervisor; what is the process's own belongs to `modelyard`. */
async function startMetrics({ config, port, control, serving }: MetricsParts, { clock, log, closers }: Deps): Promise<string> {
  const sources: readonly SampleSource[] = [
    { name: "modelyard", samples: async () => processSamples() },
    { name: "control", samples: async () => control.samples() },
    { name: "serving-0", samples: async () => serving.samples() },
  ];
  const { authorize } = serving;
  const opened = await openMetricsPort({
    address: config.address,
    port,
    flag: "metricsPort",
    tls: tlsFiles(config),
    authorize: authorize && (async (scrape) => authorize(scrape)),
    collect: () => collectSamples(sources),
    clock,
    log,
  });
  closers.push(() => opened.close());
  return opened.url;
}

/** By the same rules and defaults as that of the command, but from these options alone. */
function configOf(options: ModelyardOptions): Config {
  const { dataDir, address, port, controlPort, metricsPort, memoryBytes } = options;
  const text = (value: string | number | undefined): string | undefined => value?.toString();
  // One entry for each key of the table, which is also that of the options.
  const properties = Object.keys(securityKeys) as (keyof SecurityConfig)[];
  const flags = {
    data: dataDir,
    address,
    port: text(port),
    controlPort: text(controlPort),
    metricsPort: text(metricsPort),
    memory: text(memoryBytes),
    ...Object.fromEntries(properties.map((property) => [securityKeys[property].name, options[property]])),
  };
  const machine = { memoryBytes: usableMemoryBytes(), dataDir };
  return resolveConfig({ flags, environment: {}, machine, workingDir: process.cwd() }).config;
}

async function closeAll(closers: Deps["closers"]): Promise<void> {
  for (let closer = closers.pop(); closer; closer = closers.pop()) await closer();
}
