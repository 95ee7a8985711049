/**
 * A folder as huggingface_hub keeps it: `models--ORG--NAME/{refs,snapshots,blobs}`. `refs/<revision>` holds a commit, `snapshots/<commit>` the tree, whose files
 * are links into `blobs`; a link that leads anywhere else is refused.
 */
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { failure } from "@modelyard/core";
import type { HuggingFaceSource } from "../../contract.ts";
import type { SourceFile } from "../../internal/local-source.ts";
import { maxFiles } from "../../manifest.ts";
import { describeSource } from "../../source.ts";
import { TreePaths } from "../tree-path.ts";

/** What is looked for in a mirror. */
export interface MirrorRequest {
  readonly source: HuggingFaceSource;
  /** The mirror's folder. */
  readonly directory: string;
  readonly wants: (path: string) => boolean;
}

/** The files of the source; undefined when the mirror does not have this revision of the repository. */
export async function listMirror(request: MirrorRequest): Promise<readonly SourceFile[] | undefined> {
  const { source, directory } = request;
  const repository = join(directory, `models--${source.repository.replace("/", "--")}`);
  const commit = await commitOf(repository, source.revision ?? "main");
  if (commit === undefined) return undefined;
  const snapshot = join(repository, "snapshots", commit);
  if (!(await stat(snapshot).catch(() => undefined))?.isDirectory()) return undefined;
  const label = describeSource(source);
  const files: SourceFile[] = [];
  const key = source.path.replace(/\/+$/, "");
  if (key.split("/").some((name) => name === ".." || name === ".")) throw refused(label, "its path leads out of the repository");
  await collect({ ...request, label, repository: await realpath(repository), snapshot, files }, key);
  const wanted = files.filter(({ path }) => request.wants(path));
  if (wanted.length === 0)
    throw failure("SOURCE_NOT_FOUND", { source: label, why: "the mirror has no file of that name in this revision" });
  const paths = new TreePaths(label);
  for (const { path } of wanted) paths.add(path);
  return wanted;
}

/** A revision is a name below `refs`, or a commit itself. */
async function commitOf(repository: string, revision: string): Promise<string | undefined> {
  if (/^[0-9a-f]{40}$/.test(revision)) return revision;
  if (revision.split("/").some((name) => name === "" || name === "." || name === "..")) return undefined;
  const commit = (await readFile(join(repository, "refs", revision), "utf8").catch(() => "")).trim();
  return /^[\w-]{1,64}$/.test(commit) ? commit : undefined;
}

interface Walk {
  readonly source: HuggingFaceSource;
  readonly label: string;
  readonly repository: string;
  readonly snapshot: string;
  readonly files: SourceFile[];
}

async function collect(walk: Walk, key: string): Promise<void> {
  const { snapshot, repository, files, label } = walk;
  const real = await realpath(join(snapshot, key)).catch(() => undefined);
  if (real === undefined) return;
  if (!real.startsWith(repository + sep)) throw refused(label, `"${key}" is a link that leads out of the repository`);
  const found = await stat(real);
  if (found.isDirectory()) {
    if (!real.startsWith(join(repository, "snapshots") + sep)) throw refused(label, `"${key}" is a link to a folder`);
    for (const name of (await readdir(real)).toSorted()) await collect(walk, key === "" ? name : `${key}/${name}`);
    return;
  }
  if (!found.isFile()) throw refused(label, `"${key}" is neither a file nor a folder`);
  if (files.length >= maxFiles) throw refused(label, `it has more than ${maxFiles} files`);
  files.push({ path: pathBelow(walk, key), localPath: real, sizeBytes: found.size });
}

/** A single file keeps its last name; what is below a folder keeps its path there. */
function pathBelow({ source }: Walk, key: string): string {
  const root = source.path.replace(/\/+$/, "");
  if (key === root) return key.split("/").at(-1) ?? key;
  return root === "" ? key : key.slice(root.length + 1);
}

function refused(label: string, why: string): ReturnType<typeof failure> {
  return failure("SOURCE_REFUSED", { source: label, why });
}
