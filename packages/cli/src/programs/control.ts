/** The control process under the supervisor. */
import { systemRandom } from "@modelyard/core";
import { dataFolderAt } from "../supervisor/data-folder.ts";
import { startControlStack } from "./control-stack.ts";
import type { PortAccessSettings } from "./port-access.ts";
import type { StorageSettings } from "./storage-settings.ts";
import type { CommonSettings, ProgramContext, RunningProgram } from "./supervised-program.ts";

/** What the supervisor tells control. */
export interface ControlSettings extends CommonSettings {
  readonly dataDir: string;
  readonly address: string;
  readonly controlPort: number;
  readonly dataUrl: string;
  readonly access: PortAccessSettings;
  readonly version: string;
  readonly storage: StorageSettings;
}

/** Starts the control plane over a data folder. */
export async function startControlProgram(settings: ControlSettings, { clock, log }: ProgramContext): Promise<RunningProgram> {
  const { dataDir, address, controlPort, dataUrl, access, version, storage } = settings;
  const folder = dataFolderAt(dataDir);
  const stack = await startControlStack({
    folder,
    address,
    controlPort,
    dataUrl: () => dataUrl,
    access,
    version,
    storage,
    clock,
    log,
    random: systemRandom(),
  });
  const { url, authorize } = stack;
  return { url, samples: () => stack.samples(), ...(authorize && { authorize }), close: () => stack.close() };
}
