/** The control plane put together: the embedded store, served to the serving processes on a socket, the artifact store, API server and reconcilers. */
import { type Control, startControl } from "@modelyard/control";
import { type Clock, type Log, metricsRegistry, type Random, type Sample } from "@modelyard/core";
import { openArtifactStore } from "@modelyard/objects/store";
import { storeResources } from "@modelyard/resources";
import { type Store, sealedStore, valueSeal } from "@modelyard/store";
import { serveEtcd } from "@modelyard/store/server";
import { sqliteStore } from "@modelyard/store/sqlite";
import { noteDataFolder } from "../server/data-folder-note.ts";
import type { DataFolder } from "../supervisor/data-folder.ts";
import { portFailure } from "../supervisor/port-failure.ts";
import { writeKubeconfig } from "./kubeconfig-file.ts";
import { secretsKey } from "./secrets-key-file.ts";

/** Where Secrets are in the store. */
const secretsPrefix = "/registry/secrets/";

/** Options of {@link startControlStack}. */
export interface ControlStackOptions {
  readonly folder: DataFolder;
  readonly address: string;
  readonly controlPort: number;
  readonly dataUrl: () => string | undefined;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
}

/** A running control plane. */
export interface ControlStack {
  readonly url: string;
  readonly store: Store;
  readonly control: Control;
  /** What it counts. */
  samples(): readonly Sample[];
  /** Idempotent. */
  close(): Promise<void>;
}

/** Starts it. Rejects with `PORT_BUSY` naming who has the port. */
export async function startControlStack(options: ControlStackOptions): Promise<ControlStack> {
  const { folder, address, controlPort, dataUrl, version, clock, log, random } = options;
  const metrics = metricsRegistry();
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (let closer = closers.pop(); closer; closer = closers.pop()) await closer();
  };
  try {
    const store = await sqliteStore({ path: folder.stateFile, clock, log, random });
    closers.push(() => store.close());
    const artifacts = await openArtifactStore({ directory: folder.objectsDir, clock, log, random });
    closers.push(() => artifacts.close());
    const face = await serveEtcd(store, { path: folder.controlSocket, clock, log });
    closers.push(() => face.close());
    // Behind it, also to whoever comes by the socket, Secrets are ciphertext.
    const sealed = sealedStore(store, { seal: valueSeal(secretsKey(folder.dir)), isSealed: (key) => key.startsWith(secretsPrefix) });
    const control = await startControl({
      store: sealed,
      artifacts,
      address,
      port: controlPort,
      dataUrl,
      clock,
      log,
      metrics,
      random,
      version,
    }).catch((error: unknown) => {
      throw isSystemError(error) ? portFailure(error, { role: "control", flag: "--control-port", address, port: controlPort }) : error;
    });
    closers.push(() => control.close());
    writeKubeconfig(folder.kubeconfigFile, control.url);
    await noteDataFolder(storeResources(store, { clock, random }), folder.dir);
    return { url: control.url, store, control, samples: () => metrics.snapshot(), close };
  } catch (error) {
    await close();
    throw error;
  }
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && "syscall" in error && error.syscall === "listen";
}
