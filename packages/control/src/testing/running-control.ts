/** A control over a store in memory and a folder of artifacts, for tests. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Log, metricsRegistry, silentLog, systemClock, systemRandom } from "@modelyard/core";
import type { ArtifactStore } from "@modelyard/objects";
import { openArtifactStore } from "@modelyard/objects/store";
import { httpResourceClient, type ResourceClient, type StoreResources, storeResources } from "@modelyard/resources";
import { memoryStore, type Store } from "@modelyard/store";
import type { Control, ControlOptions } from "../control-options.ts";
import { startControl } from "../start-control.ts";

/** What a test has. */
export interface RunningControl {
  readonly control: Control;
  readonly store: Store;
  readonly artifacts: ArtifactStore;
  readonly folder: string;
  /** Over HTTP. */
  readonly http: ResourceClient;
  /** In process. */
  readonly local: StoreResources;
  /** Writes a file into the folder; returns its `file://` address. */
  file(name: string, content: string): Promise<string>;
  /** Stops control and starts another over the same store and artifacts. */
  restart(): Promise<RunningControl>;
  close(): Promise<void>;
}

/** Starts one. */
export async function runControl(options: Partial<ControlOptions> & { readonly log?: Log } = {}): Promise<RunningControl> {
  const folder = await mkdtemp(join(tmpdir(), "control-"));
  const deps = { clock: systemClock(), random: systemRandom(), log: options.log ?? silentLog() };
  const store = memoryStore(deps);
  const artifacts = await openArtifactStore({ ...deps, directory: join(folder, "objects") });
  const start = async (): Promise<RunningControl> => {
    const control = await startControl({
      store,
      artifacts,
      address: "127.0.0.1",
      port: 0,
      dataUrl: () => "http://127.0.0.1:8033",
      metrics: metricsRegistry(),
      version: "0.0.0",
      ...deps,
      ...options,
    });
    return {
      control,
      store,
      artifacts,
      folder,
      http: httpResourceClient({ ...deps, url: control.url }),
      local: storeResources(store, deps),
      async file(name, content) {
        await writeFile(join(folder, name), content);
        return `file://${join(folder, name)}`;
      },
      async restart() {
        await control.close();
        return start();
      },
      async close() {
        await control.close();
        await artifacts.close();
        await store.close();
        await rm(folder, { recursive: true, force: true });
      },
    };
  };
  return start();
}
