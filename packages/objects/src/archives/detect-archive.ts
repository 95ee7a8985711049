/** Whether a file is an archive to unpack: by its content, and not when its content or name is that of a model format that is an archive by itself. */
import { extname } from "node:path";
import { PlatformError } from "@modelyard/core";
import type { ArchiveContext } from "./archive-context.ts";
import { damaged } from "./archive-refusal.ts";
import { gunzip, isGzip } from "./gunzip.ts";
import { isTarHeader, tarBlockBytes } from "./tar-header.ts";
import { isZstd, unzstd } from "./unzstd.ts";
import { isZip } from "./zip-directory.ts";
import { readZipEntries } from "./zip-reader.ts";

/** How an archive is packed. */
export type ArchiveFormat = "zip" | "tar" | "tar.gz" | "tar.zst";

/** Endings of files that are archives inside and models as they are. */
const modelEndings: ReadonlySet<string> = new Set(
  ".bin .ckpt .egg .jar .joblib .keras .mar .mlmodel .nemo .npz .pkl .pt .pt2 .pte .pth .ptl .skops .torchscript .ts .whl".split(" "),
);

/** Endings by which a user says that a file is an archive: then one that cannot be read is refused, not taken as it is. */
const archiveName = /\.(tar|zip|tgz|tzst|tar\.(gz|zst))$/i;

/** The format of a file's content, whatever its name; undefined when it is no archive. */
async function archiveFormatOf(context: ArchiveContext): Promise<ArchiveFormat | undefined> {
  const head = await context.file.read(0, tarBlockBytes);
  if (isZip(head)) return "zip";
  if (isTarHeader(head)) return "tar";
  if (isGzip(head)) return isTarHeader(await firstBlock(gunzip(context))) ? "tar.gz" : undefined;
  if (isZstd(head)) return isTarHeader(await firstBlock(unzstd(context))) ? "tar.zst" : undefined;
  return undefined;
}

/** The format when the file is to be unpacked without having been asked for; undefined when it is to be taken as it is. */
export async function unpacksByItself(context: ArchiveContext, name: string): Promise<ArchiveFormat | undefined> {
  if (modelEndings.has(extname(name).toLowerCase())) return undefined;
  try {
    const format = await archiveFormatOf(context);
    return format === "zip" && isModelZip(await namesOf(context)) ? undefined : format;
  } catch (error) {
    const head = await context.file.read(0, 4);
    // A compressed file that is broken, and that nobody called an archive, is somebody's model.
    if (PlatformError.is(error) && !isZip(head) && !archiveName.test(name)) return undefined;
    throw error;
  }
}

/** The format, which must be one. */
export async function demandArchive(context: ArchiveContext): Promise<ArchiveFormat> {
  const format = await archiveFormatOf(context);
  if (!format) throw damaged(context, "its content is none of zip, tar, tar.gz and tar.zst");
  return format;
}

async function firstBlock(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const part of bytes) {
    parts.push(part);
    sizeBytes += part.byteLength;
    if (sizeBytes >= tarBlockBytes) break;
  }
  return Buffer.concat(parts).subarray(0, tarBlockBytes);
}

async function namesOf(context: ArchiveContext): Promise<readonly string[]> {
  return (await readZipEntries(context)).entries.map((entry) => entry.name);
}

/** TorchScript and torch.save, Keras 3, MAR, NumPy, Java (MOJO, PMML), skops. */
function isModelZip(names: readonly string[]): boolean {
  const has = (name: string): boolean => names.includes(name);
  if (names.some((name) => /^[^/]+\/data\.pkl$/.test(name)) && names.some((name) => /^[^/]+\/version$/.test(name))) return true;
  if (has("config.json") && has("metadata.json") && has("model.weights.h5")) return true;
  if (has("MAR-INF/MANIFEST.json") || has("META-INF/MANIFEST.MF") || has("model.ini")) return true;
  return (
    (names.length > 0 && names.every((name) => name.endsWith(".npy"))) || (names.length > 1 && has("schema.json") && names.every(isSkops))
  );
}

/** skops: a schema and arrays, without folders. */
function isSkops(name: string): boolean {
  return name === "schema.json" || /^\d+\.npy$/.test(name);
}
