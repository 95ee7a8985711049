/** A file or folder of a volume claim that is mounted on this machine, below one folder that holds all mounts. */
import { realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import { failure } from "@modelyard/core";
import type { ClaimSource } from "../contract.ts";
import { describeSource } from "../source.ts";
import type { SourceSettings } from "./source-settings.ts";

/** The local path of the source; links that lead out of the claim are refused. */
export async function claimPath(source: ClaimSource, settings: SourceSettings): Promise<string> {
  const label = describeSource(source);
  const mounts = settings.claimsDirectory;
  if (mounts === undefined) throw failure("SOURCE_UNSUPPORTED", { source: label, why: "no folder of mounted volume claims is configured" });
  if (source.path.split("/").includes("..")) throw failure("SOURCE_REFUSED", { source: label, why: "its path leads out of the claim" });
  const root = await resolved(label, join(mounts, source.claim));
  const path = await resolved(label, join(root, source.path));
  if (path === root || path.startsWith(root + sep)) return path;
  throw failure("SOURCE_REFUSED", { source: label, why: "it is a link that leads out of the claim" });
}

async function resolved(label: string, path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (cause) {
    const { code = "an error" } = cause as NodeJS.ErrnoException;
    const why = code === "ENOENT" || code === "ENOTDIR" ? "there is no such claim, file or folder" : `the system answered ${code}`;
    throw failure("SOURCE_NOT_FOUND", { source: label, why }, { cause });
  }
}
