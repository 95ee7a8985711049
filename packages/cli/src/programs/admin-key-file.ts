/**
 * The first API key of a server: made at its first start, kept in the data folder, which only its owner can read, and in the kubeconfig there, so that
 * whoever started the server can use it.
 */
import { basename } from "node:path";
import { failure, newApiKey, parsePresentedKey } from "@modelyard/core";
import type { DataFolder } from "../supervisor/data-folder.ts";
import { keyFile } from "./key-file.ts";

/** Reads the key; makes it when there is none. Throws `DATA_FOLDER_UNUSABLE`. Call it with the folder's lock held. */
export function adminKey({ dir: dataDir, adminKeyFile }: DataFolder): string {
  const text = Buffer.from(keyFile(adminKeyFile, () => Buffer.from(`${newApiKey()}\n`)))
    .toString()
    .trim();
  if (parsePresentedKey(text)) return text;
  throw failure("DATA_FOLDER_UNUSABLE", { dataDir, why: `its file "${basename(adminKeyFile)}" holds something that is no API key` });
}
