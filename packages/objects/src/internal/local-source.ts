/** Files of a local source: one file, or everything below a folder. Links that lead out of the folder, devices and sockets are refused. */
import { createReadStream } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { basename, join, relative, sep } from "node:path";
import { failure } from "@modelyard/core";
import { maxFiles } from "../manifest.ts";

/** A file of the source. */
export interface SourceFile {
  /** Path inside the artifact. */
  readonly path: string;
  readonly localPath: string;
  readonly sizeBytes: number;
}

/** Lists the files of a local source, in the order of their names. */
export async function listLocalSource(path: string): Promise<readonly SourceFile[]> {
  const root = await realpath(path).catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === "ENOENT" ? "there is no such file or folder" : `the system answered ${cause.code ?? "an error"}`;
    throw failure("SOURCE_NOT_FOUND", { source: path, why }, { cause });
  });
  const files: SourceFile[] = [];
  await collect({ source: path, root, local: root, files });
  if (files.length === 0) throw failure("SOURCE_REFUSED", { source: path, why: "it is an empty folder" });
  return files;
}

interface Walk {
  readonly source: string;
  readonly root: string;
  readonly local: string;
  readonly files: SourceFile[];
}

async function collect(walk: Walk): Promise<void> {
  const { source, root, local, files } = walk;
  const real = await realpath(local);
  if (real !== root && !real.startsWith(root + sep)) {
    throw failure("SOURCE_REFUSED", { source, why: `"${relative(root, local)}" is a link that leads out of it` });
  }
  const found = await stat(real);
  if (found.isDirectory()) {
    if (real !== local && local !== root)
      throw failure("SOURCE_REFUSED", { source, why: `"${relative(root, local)}" is a link to a folder` });
    for (const name of (await readdir(real)).toSorted()) await collect({ ...walk, local: join(local, name) });
    return;
  }
  if (!found.isFile())
    throw failure("SOURCE_REFUSED", { source, why: `"${relative(root, local) || basename(local)}" is neither a file nor a folder` });
  if (files.length >= maxFiles) throw failure("SOURCE_REFUSED", { source, why: `it has more than ${maxFiles} files` });
  files.push({ path: artifactPath(root, local), localPath: real, sizeBytes: found.size });
}

function artifactPath(root: string, local: string): string {
  return local === root ? basename(local) : relative(root, local).split(sep).join("/");
}

/** The bytes of a file, which must not change while they are read. */
export async function* readStable(file: SourceFile, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  const before = await stat(file.localPath);
  const stream = createReadStream(file.localPath, { highWaterMark: 1 << 20, ...(signal ? { signal } : {}) });
  for await (const chunk of stream) yield chunk as Buffer;
  const after = await stat(file.localPath);
  if (before.size !== after.size || before.mtimeMs !== after.mtimeMs) {
    throw failure("SOURCE_UNAVAILABLE", { source: file.localPath, why: "it changed while it was read" });
  }
}
