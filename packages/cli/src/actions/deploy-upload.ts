/** Sends what is to be deployed to a server that cannot read this machine's files. */
import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { type Clock, failure } from "@modelyard/core";
import { parseArtifactSource } from "@modelyard/objects";
import { formatBytes } from "../config/units.ts";
import { notedDataFolder } from "../server/data-folder-note.ts";
import { uploadFile } from "../server/upload-file.ts";
import type { Session } from "./session.ts";

/** What is to be deployed. */
export interface UploadChoice {
  /** As the user wrote it. */
  readonly source: string;
  /** The same as an address of this machine. */
  readonly uri: string;
  readonly isUploadWanted: boolean;
  /** Name for the progress. */
  readonly name: string;
}

/** What an upload is made with. */
export interface UploadTools {
  readonly session: Session;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** The address by which the server reads the source: that of this machine's file system when it runs here, else that of an upload. */
export async function reachableUri(choice: UploadChoice, { session, clock, signal }: UploadTools): Promise<string> {
  const { source, uri, isUploadWanted, name } = choice;
  const parsed = parseArtifactSource(uri);
  if (parsed.kind !== "file") {
    if (isUploadWanted) throw failure("OPTION_INVALID", { origin: "--upload", current: `"${source}"`, wanted: "a file of this machine" });
    return uri;
  }
  const isAddress = source.startsWith("file:");
  if (!isUploadWanted && (isAddress || (await isHere(session, signal)))) return uri;
  if ((await stat(parsed.path)).isDirectory())
    throw failure("SOURCE_UNSUPPORTED", {
      source: parsed.path,
      why: "a folder is uploaded as an archive: make a zip, tar, tar.gz or tar.zst of it",
    });
  const { controlUrl, fetch, output } = session;
  const onProgress = ({ doneBytes, totalBytes }: { readonly doneBytes: number; readonly totalBytes: number }): void =>
    output.live(
      `${name}: upload ${formatBytes(doneBytes)} of ${formatBytes(totalBytes)} (${Math.floor((100 * doneBytes) / totalBytes)} %)`,
    );
  if (!output.isLive) output.note(`${name}: upload`);
  return uploadFile(parsed.path, { controlUrl, fetch, clock, signal, onProgress });
}

/** Whether the server runs on this machine: it is asked by a loopback address, and the folder it keeps its data in is here. */
async function isHere({ controlUrl, client }: Session, signal: AbortSignal): Promise<boolean> {
  if (!/^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(controlUrl).hostname)) return false;
  // Who may not read the note goes by the address alone.
  const folder = await notedDataFolder(client, signal).catch(() => undefined);
  signal.throwIfAborted();
  return folder === undefined || existsSync(folder);
}
