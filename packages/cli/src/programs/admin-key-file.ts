/**
 * The first API key of a server: made at its first start, kept in the data folder, which only its owner can read, and in the kubeconfig there, so that
 * whoever started the server can use it.
 */
import { join } from "node:path";
import { failure, newApiKey, parsePresentedKey } from "@modelyard/core";
import { keyFile } from "./key-file.ts";

/** Name of the file in the data folder. */
export const adminKeyName = "admin.key";

/** Reads the key; makes it when there is none. Throws `DATA_FOLDER_UNUSABLE`. Call it with the folder's lock held. */
export function adminKey(dataDir: string): string {
  const text = Buffer.from(keyFile(join(dataDir, adminKeyName), () => Buffer.from(`${newApiKey()}\n`)))
    .toString()
    .trim();
  if (parsePresentedKey(text)) return text;
  throw failure("DATA_FOLDER_UNUSABLE", { dataDir, why: `its file "${adminKeyName}" holds something that is no API key` });
}
