/** The secret that Secrets are encrypted with: 32 random bytes in the data folder, which only its owner can read. Losing the file loses them. */
import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { failure } from "@modelyard/core";
import { sealSecretBytes } from "@modelyard/store";

/** Name of the file in the data folder. */
export const secretsKeyName = "secrets.key";

/** Reads the secret; makes it, on disk before it is used, when there is none. Throws `DATA_FOLDER_UNUSABLE`. Call it with the folder's lock held. */
export function secretsKey(dataDir: string): Uint8Array {
  const path = join(dataDir, secretsKeyName);
  const present = readIfThere(path);
  if (present === undefined) return makeSecret(path);
  if (present.length === sealSecretBytes) return present;
  throw failure("DATA_FOLDER_UNUSABLE", {
    dataDir,
    why: `its file "${secretsKeyName}" has ${present.length} bytes where ${sealSecretBytes} are wanted`,
  });
}

/** A file that was begun and not finished never has the name. */
function makeSecret(path: string): Uint8Array {
  const secret = randomBytes(sealSecretBytes);
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
