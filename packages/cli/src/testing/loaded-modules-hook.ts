/** Loaded into every process of a server by `--import`: at SIGUSR2 it writes which of Node's own modules its process has loaded into a file of the folder. */
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isMainThread } from "node:worker_threads";

/** Environment variable with the folder; the file there has the name `<pid>.json`. */
export const loadedModulesFolder = "MODELYARD_TEST_LOADED_MODULES";

const folder = process.env[loadedModulesFolder];
if (folder !== undefined && isMainThread) {
  process.on("SIGUSR2", () => {
    const path = join(folder, `${process.pid}.json`);
    // Node does not document the list; it is in every version of it, and a test that finds none fails.
    writeFileSync(`${path}.part`, JSON.stringify((process as { readonly moduleLoadList?: readonly string[] }).moduleLoadList ?? []));
    renameSync(`${path}.part`, path);
  });
}
