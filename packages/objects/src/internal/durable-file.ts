/** Files that appear whole or not at all: written beside their place, synced, renamed, and their folder synced. */
import { constants } from "node:fs";
import { type FileHandle, open, rename } from "node:fs/promises";
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
