/** Secrets that a server makes for itself once, each in a file of the data folder that only its owner can read. */
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/** Reads the file; makes it, on disk before it is used, when there is none. Call it with the folder's lock held. */
export function keyFile(path: string, make: () => Uint8Array): Uint8Array {
  return readIfThere(path) ?? makeFile(path, make());
}

/** A file that was begun and not finished never has the name. */
function makeFile(path: string, secret: Uint8Array): Uint8Array {
  const begun = `${path}.tmp`;
  rmSync(begun, { force: true });
  const file = openSync(begun, "wx", 0o600);
  try {
    writeSync(file, secret);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  linkSync(begun, path);
  rmSync(begun);
  syncFolder(dirname(path));
  return secret;
}

function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
