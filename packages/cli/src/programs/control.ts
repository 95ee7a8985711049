/** The control process under the supervisor. */
import { systemRandom } from "@modelyard/core";
import { dataFolderAt } from "../supervisor/data-folder.ts";
import { startControlStack } from "./control-stack.ts";
import { type CommonSettings, type ProgramContext, type RunningProgram, runSupervised } from "./supervised-program.ts";

/** What the supervisor tells control. */
export interface ControlSettings extends CommonSettings {
  readonly dataDir: string;
  readonly address: string;
  readonly controlPort: number;
  readonly dataUrl: string;
  readonly version: string;
}

/** Starts the control plane over a data folder. */
export async function startControlProgram(settings: ControlSettings, { clock, log }: ProgramContext): Promise<RunningProgram> {
  const { dataDir, address, controlPort, dataUrl, version } = settings;
  const folder = dataFolderAt(dataDir);
  const stack = await startControlStack({
    folder,
    address,
    controlPort,
    dataUrl: () => dataUrl,
    version,
    clock,
    log,
    random: systemRandom(),
  });
  return { url: stack.url, samples: () => stack.samples(), close: () => stack.close() };
}

if (import.meta.main) runSupervised("control", startControlProgram);
