/**
 * The data plane put together: runtimes, mesh and gateway over a store, behind one wire server. The same for a serving process under the
 * supervisor, one that listens itself, and an embedded server.
 */
import type { Socket } from "node:net";
import { availableParallelism } from "node:os";
import { type Clock, type Log, metricsRegistry, type Random, type Sample, sleep } from "@modelyard/core";
import { createGateway, type GatewayOptions } from "@modelyard/gateway";
import { type RunningMesh, startMesh } from "@modelyard/mesh";
import { openLocalArtifacts } from "@modelyard/objects";
import { type CrashReport, createRunJournal, onnxRuntime, startWatchdog } from "@modelyard/runtimes";
import type { Store } from "@modelyard/store";
import { createWireServer, type ListenAddress, type WireServer, type WireServerOptions } from "@modelyard/wire";

/** Limits of requests and connections. */
export interface ServingLimits {
  readonly gatewayLimits: GatewayOptions["limits"] & object;
  readonly wireLimits: WireServerOptions["limits"] & object;
}

/** Options of {@link startServingStack}. */
export interface ServingStackOptions extends ServingLimits {
  readonly store: Store;
  readonly objectsDir: string;
  readonly preparedDir: string;
  /** Bytes that models may occupy together in this process. */
  readonly capacityBytes: number;
  readonly instanceId: string;
  readonly version: string;
  readonly runLimitMs: number;
  /** File in which it is kept who runs, for the next process to read; with it a watchdog ends this process when a run exceeds its limit. */
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
  /** Serves a connection that was accepted elsewhere. */
  accept(socket: Socket): void;
  listen(address: ListenAddress): Promise<ListenAddress>;
  /** Finishes requests in flight within the limit, then releases everything but the store. Idempotent. `idleGraceMs` as of `WireServer.drain`. */
  close(limitMs: number, idleGraceMs?: number): Promise<void>;
}

/** Longest wait for the registry at the start: beyond it requests are answered by what is known, with a status that says to retry. */
const registryLimitMs = 10_000;
const registryPollMs = 2;

/** Starts it; resolves when the registry was read, so that the first request finds what is deployed. */
export async function startServingStack(options: ServingStackOptions): Promise<ServingStack> {
  const { store, capacityBytes, instanceId, version, clock, log, random } = options;
  const metrics = metricsRegistry();
  const artifacts = openLocalArtifacts({ directory: options.objectsDir, random });
  const journal =
    options.runningFile === undefined
      ? undefined
      : createRunJournal({ path: options.runningFile, clock, threads: availableParallelism() + 1 });
  const watchdog = journal && startWatchdog({ journal });
  const runtime = onnxRuntime({
    artifacts,
    preparedDir: options.preparedDir,
    capacityBytes,
    clock,
    log,
    metrics,
    limits: { runLimitMs: options.runLimitMs },
    ...(journal && { journal }),
  });
  const { crashReports = [] } = options;
  const mesh = await startMesh({
    store,
    runtimes: [runtime],
    instanceId,
    capacityBytes,
    version,
    pid: process.pid,
    crashReports,
    clock,
    log,
    metrics,
    random,
  });
  const { gatewayLimits: limits, wireLimits } = options;
  const gateway = createGateway({ mesh, clock, log, metrics, serverName: "modelyard", serverVersion: version, limits });
  const server = createWireServer({ clock, log, limits: wireLimits }, (exchange) => gateway.onRequest(exchange));
  await registryRead(mesh, clock);
  const release = async (): Promise<void> => {
    await mesh.close();
    await runtime.close();
    await watchdog?.close();
    journal?.close();
    await artifacts.close();
  };
  return { samples: () => metrics.snapshot(), ...servingConnections(server, release) };
}

function servingConnections(server: WireServer, release: () => Promise<void>): Omit<ServingStack, "samples"> {
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

async function registryRead(mesh: RunningMesh, clock: Clock): Promise<void> {
  const giveUpMs = clock.monotonicMs() + registryLimitMs;
  while (!mesh.isReady && clock.monotonicMs() < giveUpMs) await sleep(clock, registryPollMs);
}
