/** Files that appear whole or not at all: written beside their place, synced, renamed, and their folder synced. */
import { constants } from "node:fs";
import { type FileHandle, link, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/** Writes `bytes` to `path` by way of `temporary`, which is in the same file system. */
export async function writeDurably(path: string, options: { readonly temporary: string; readonly bytes: Uint8Array }): Promise<void> {
  const file = await open(options.temporary, "w", 0o600);
  try {
    await file.writeFile(options.bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await publish(options.temporary, path);
}

/** Moves a synced file to its place and makes the move durable. */
export async function publish(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncFolder(dirname(to));
}

/** No second name for a file: something has it already, or the file system has none at all. */
const noLink: ReadonlySet<string | undefined> = new Set(["EEXIST", "EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

/** Moves a synced file to a place where nothing is; false, and nothing has happened, when something is there or the file system cannot tell. */
export async function publishNew(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
  } catch (error) {
    if (noLink.has((error as NodeJS.ErrnoException).code)) return false;
    throw error;
  }
  await syncFolder(dirname(to));
  await rm(from, { force: true });
  return true;
}

async function syncFolder(path: string): Promise<void> {
  let folder: FileHandle | undefined;
  try {
    folder = await open(path, constants.O_RDONLY);
    await folder.sync();
  } catch (error) {
    // Some file systems refuse to sync a folder (EINVAL, EPERM); the rename itself has happened.
    if (!["EINVAL", "EPERM", "EISDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  } finally {
    await folder?.close();
  }
}
