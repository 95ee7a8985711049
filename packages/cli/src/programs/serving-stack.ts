/**
 * The data plane put together: runtimes, mesh and gateway over a store, behind one wire server. The same for a serving process under the
 * supervisor, one that listens itself, and an embedded server.
 */
import type { Socket } from "node:net";
import { availableParallelism } from "node:os";
import { type Clock, type Log, type Metrics, metricsRegistry, OwedWork, type Random, type Sample, sleep } from "@modelyard/core";
import { createGateway, type GatewayOptions } from "@modelyard/gateway";
import { type RunningMesh, startMesh } from "@modelyard/mesh";
import { openLocalArtifacts } from "@modelyard/objects";
import { type CrashReport, createRunJournal, type OnnxRuntimeOptions, onnxRuntime, startWatchdog } from "@modelyard/runtimes";
import type { Store } from "@modelyard/store";
import { type BoundSocket, createWireServer, type ListenAddress, type WireServer, type WireServerOptions } from "@modelyard/wire";
import type { Scrape, ScrapeVerdict } from "../supervisor/scrape.ts";
import { createScrapeGate } from "./scrape-gate.ts";
import { openServingAccess, type ServingAccessSettings } from "./serving-access.ts";

/** Limits of requests and connections. */
export interface ServingLimits {
  readonly gatewayLimits: GatewayOptions["limits"] & object;
  readonly wireLimits: WireServerOptions["limits"] & object;
  readonly runtimeLimits: OnnxRuntimeOptions["limits"] & object;
}

/** Options of {@link startServingStack}. */
export interface ServingStackOptions extends ServingLimits {
  readonly store: Store;
  readonly access: ServingAccessSettings;
  readonly objectsDir: string;
  readonly preparedDir: string;
  /** Bytes that models may occupy together in this process. */
  readonly capacityBytes: number;
  readonly instanceId: string;
  readonly version: string;
  /** File in which it is kept who runs, for the next process and for a supervisor; with it a run of a worker that exceeds its limit ends this process. */
  readonly runningFile?: string | undefined;
  readonly crashReports?: readonly CrashReport[];
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
}

/** A running data plane. */
export interface ServingStack {
  /** What it counts. */
  samples(): readonly Sample[];
  /** Judges a scrape of the metrics port; absent when everybody may read the metrics. */
  readonly authorize?: (scrape: Scrape) => ScrapeVerdict;
  /** Serves a connection that was accepted elsewhere. */
  accept(socket: Socket): void;
  listen(address: ListenAddress | BoundSocket): Promise<ListenAddress>;
  /** Finishes requests in flight within the limit, then releases everything but the store. Idempotent. `idleGraceMs` as of `WireServer.drain`. */
  close(limitMs: number, idleGraceMs?: number): Promise<void>;
}

/** Longest wait for registry and keys at the start: beyond it requests are answered by what is known, with a status that says to retry. */
const firstReadLimitMs = 10_000;
const firstReadPollMs = 2;

/** Starts it; resolves when the registry and the keys were read, so that the first request finds what is deployed. Rejects with `TLS_CONFIG_INVALID`. */
export async function startServingStack(options: ServingStackOptions): Promise<ServingStack> {
  const { clock, log, version, gatewayLimits, wireLimits } = options;
  const metrics = metricsRegistry();
  const access = await openServingAccess(options.access, options);
  const owed = new OwedWork();
  const models = await startModels(options, metrics, owed).catch(async (error: unknown) => {
    await access.close();
    throw error;
  });
  const { mesh } = models;
  const names = { serverName: "modelyard", serverVersion: version };
  const gateway = createGateway({ mesh, clock, log, metrics, ...names, limits: gatewayLimits, ...access.gateway });
  const server = createWireServer({ clock, log, owed, limits: wireLimits, ...access.wire }, (exchange) => gateway.onRequest(exchange));
  const { authentication, accessLog, writeAccessLog } = access.gateway;
  const recording = { accessLog, writeAccessLog, clock, log, metrics };
  const scrapes = authentication.kind === "required" ? createScrapeGate({ authentication, ...recording }) : undefined;
  await becomesTrue(() => mesh.isReady && (authentication.kind === "none" || authentication.keys.isRead), clock);
  const release = async (): Promise<void> => {
    // The last answers are in the access log, too.
    gateway.close();
    scrapes?.close();
    await access.close();
    await models.close();
  };
  const authorize = scrapes && ((scrape: Scrape): ScrapeVerdict => scrapes.authorize(scrape));
  return { samples: () => metrics.snapshot(), ...(authorize && { authorize }), ...servingConnections(server, release) };
}

interface Models {
  readonly mesh: RunningMesh;
  close(): Promise<void>;
}

async function startModels(options: ServingStackOptions, metrics: Metrics, owed: OwedWork): Promise<Models> {
  const { store, capacityBytes, instanceId, version, runtimeLimits: limits, crashReports = [], clock, log, random } = options;
  const artifacts = openLocalArtifacts({ directory: options.objectsDir, clock, random });
  const journal =
    options.runningFile === undefined
      ? undefined
      : createRunJournal({ path: options.runningFile, clock, threads: availableParallelism() + 1 });
  const watchdog = journal && startWatchdog({ journal, clock });
  const { preparedDir } = options;
  const runtime = onnxRuntime({ artifacts, preparedDir, capacityBytes, clock, log, metrics, limits, owed, ...(journal && { journal }) });
  const instance = { instanceId, capacityBytes, version, pid: process.pid };
  const mesh = await startMesh({ store, runtimes: [runtime], ...instance, crashReports, clock, log, metrics, random });
  return {
    mesh,
    async close() {
      await mesh.close();
      await runtime.close();
      watchdog?.close();
      journal?.close();
      await artifacts.close();
    },
  };
}

function servingConnections(server: WireServer, release: () => Promise<void>): Pick<ServingStack, "accept" | "listen" | "close"> {
  let closing: Promise<void> | undefined;
  const close = async (limitMs: number, idleGraceMs = 0): Promise<void> => {
    await server.drain(limitMs, idleGraceMs);
    await server.close();
    await release();
  };
  return {
    accept: (socket) => server.accept(socket),
    listen: (address) => server.listen(address),
    close(limitMs, idleGraceMs) {
      closing ??= close(limitMs, idleGraceMs);
      return closing;
    },
  };
}

async function becomesTrue(condition: () => boolean, clock: Clock): Promise<void> {
  const giveUpMs = clock.monotonicMs() + firstReadLimitMs;
  while (!condition() && clock.monotonicMs() < giveUpMs) await sleep(clock, firstReadPollMs);
}
