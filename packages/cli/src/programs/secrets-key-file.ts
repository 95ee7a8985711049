/** The secret that Secrets are encrypted with: 32 random bytes in the data folder, which only its owner can read. Losing the file loses them. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { failure } from "@modelyard/core";
import { sealSecretBytes } from "@modelyard/store";
import { keyFile } from "./key-file.ts";

/** Name of the file in the data folder. */
export const secretsKeyName = "secrets.key";

/** Reads the secret; makes it when there is none. Throws `DATA_FOLDER_UNUSABLE`. Call it with the folder's lock held. */
export function secretsKey(dataDir: string): Uint8Array {
  const secret = keyFile(join(dataDir, secretsKeyName), () => randomBytes(sealSecretBytes));
  if (secret.length === sealSecretBytes) return secret;
  throw failure("DATA_FOLDER_UNUSABLE", {
    dataDir,
    why: `its file "${secretsKeyName}" has ${secret.length} bytes where ${sealSecretBytes} are wanted`,
  });
}
