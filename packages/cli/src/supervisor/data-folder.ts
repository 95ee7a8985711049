/** The data folder: its places, its format, and what is made when it is new. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { failure } from "@modelyard/core";

/** Format of the data folder that this version writes. */
export const dataFolderFormat = 1;

/** Places in a data folder. */
export interface DataFolder {
  readonly dir: string;
  readonly stateFile: string;
  readonly controlSocket: string;
  readonly objectsDir: string;
  readonly preparedDir: string;
  readonly logsDir: string;
  readonly kubeconfigFile: string;
  /** The API key of the owner, where keys are required. */
  readonly adminKeyFile: string;
  /** The certificate of the server, where it speaks TLS: what clients trust. */
  readonly certificateFile: string;
}

/** Where things are in a folder, whether or not it exists. */
export function dataFolderAt(dir: string): DataFolder {
  return {
    dir,
    stateFile: join(dir, "state.db"),
    controlSocket: join(dir, "control.sock"),
    objectsDir: join(dir, "objects"),
    preparedDir: join(dir, "prepared"),
    logsDir: join(dir, "logs"),
    kubeconfigFile: join(dir, "kubeconfig"),
    adminKeyFile: join(dir, "admin.key"),
    certificateFile: join(dir, "server.pem"),
  };
}

/** Makes what is missing, readable by this user alone. Throws `DATA_FOLDER_NEWER` or `DATA_FOLDER_UNUSABLE`. Call it with the lock held. */
export function prepareDataFolder(dir: string): DataFolder {
  const folder = dataFolderAt(dir);
  try {
    checkFormat(dir);
    for (const path of [folder.objectsDir, folder.preparedDir, folder.logsDir]) mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw unusable(dir, error);
  }
  return folder;
}

/** Makes the folder itself, so that it can be locked. */
export function makeDataFolder(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw unusable(dir, error);
  }
}

function checkFormat(dir: string): void {
  const file = join(dir, "version");
  const text = readIfThere(file);
  if (text === undefined) {
    writeFileSync(`${file}.tmp`, `${dataFolderFormat}\n`, { mode: 0o600 });
    renameSync(`${file}.tmp`, file);
    return;
  }
  const format = Number(text.trim());
  if (!Number.isInteger(format) || format < 1) {
    throw failure("DATA_FOLDER_UNUSABLE", { dataDir: dir, why: `its file "version" holds "${text.trim().slice(0, 40)}", not a number` });
  }
  if (format > dataFolderFormat) {
    throw failure("DATA_FOLDER_NEWER", { dataDir: dir, current: format, supported: dataFolderFormat });
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Errors of the file system become ours; ours stay. */
function unusable(dir: string, error: unknown): unknown {
  if (!(error instanceof Error && "code" in error && "syscall" in error)) return error;
  return failure("DATA_FOLDER_UNUSABLE", { dataDir: dir, why: error.message }, { cause: error });
}
