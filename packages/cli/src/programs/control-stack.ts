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
import { portUrl } from "../supervisor/port-url.ts";
import type { Scrape, ScrapeVerdict } from "../supervisor/scrape.ts";
import { openControlAccess } from "./control-access.ts";
import type { PortAccessSettings } from "./port-access.ts";
import { secretsKey } from "./secrets-key-file.ts";
import type { StorageSettings } from "./storage-settings.ts";

/** Where Secrets are in the store. */
const secretsPrefix = "/registry/secrets/";

/** Options of {@link startControlStack}. */
export interface ControlStackOptions {
  readonly folder: DataFolder;
  readonly address: string;
  readonly controlPort: number;
  readonly dataUrl: () => string | undefined;
  readonly access: PortAccessSettings;
  readonly version: string;
  readonly storage: StorageSettings;
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
  /** Judges a scrape of the metrics port, and records it; absent when nobody is asked for a key. */
  readonly authorize?: (scrape: Scrape) => ScrapeVerdict;
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
    const artifacts = await openArtifactStore({ ...options.storage, directory: folder.objectsDir, clock, log, random });
    closers.push(() => artifacts.close());
    const face = await serveEtcd(store, { path: folder.controlSocket, clock, log });
    closers.push(() => face.close());
    // Behind it, also to whoever comes by the socket, Secrets are ciphertext.
    const sealed = sealedStore(store, { seal: valueSeal(secretsKey(folder.dir)), isSealed: (key) => key.startsWith(secretsPrefix) });
    const access = await openControlAccess(options.access, { store, folder, metrics, clock, log, random });
    closers.push(() => access.close());
    const control = await startControl({
      ...access.control,
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
    const url = portUrl({ address, port: Number(new URL(control.url).port), isSecure: options.access.tls !== undefined });
    await noteDataFolder(storeResources(store, { clock, random }), folder.dir);
    await access.publish(url);
    return { url, store, control, samples: () => metrics.snapshot(), ...(access.authorize && { authorize: access.authorize }), close };
  } catch (error) {
    await close();
    throw error;
  }
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && "syscall" in error && error.syscall === "listen";
}
