/**
 * What a remote address stands for: the object of exactly that key, else everything below it as a folder, as KServe reads it. Every page of a listing is read;
 * a listing without end is refused by the number of its objects, the bytes of their names, and pages that bring nothing.
 */
import { type Clock, failure } from "@modelyard/core";
import { idleGuard } from "../internal/idle-guard.ts";
import { retrying } from "../internal/retry.ts";
import { maxFiles } from "../manifest.ts";
import type { ListedObject, Page, RemoteTree } from "./remote-tree.ts";
import { TreePaths } from "./tree-path.ts";

/** Most bytes of all names of a listing together. */
const maxNameBytes = 16 * 2 ** 20;
/** Most pages in a row that bring no object. */
const maxEmptyPages = 100;

/** An object and where it goes. */
export interface TreeFile {
  readonly object: ListedObject;
  /** Path inside the artifact. */
  readonly path: string;
}

/** What a listing needs. */
export interface ListDeps {
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  /** Which paths to take; default all. */
  readonly wants?: (path: string) => boolean;
}

/** Lists the files of `path` in a tree; at least one, else `SOURCE_NOT_FOUND`. */
export async function listTree(tree: RemoteTree, path: string, deps: ListDeps): Promise<readonly TreeFile[]> {
  const key = path.replace(/\/+$/, "");
  const single = key === "" || path.endsWith("/") ? undefined : await request(tree, deps, (signal) => tree.stat(key, signal));
  const prefix = key === "" ? "" : `${key}/`;
  // A file of no bytes may stand for a folder: it is a file only when nothing is below it.
  const below = single && single.sizeBytes > 0 ? [] : await listBelow(tree, prefix, deps);
  const isSingle = single !== undefined && below.length === 0;
  const files = isSingle ? [{ object: single, path: key.split("/").at(-1) ?? key }] : withoutMarkers(below);
  const wanted = deps.wants ? files.filter((file) => deps.wants?.(file.path)) : files;
  if (wanted.length === 0)
    throw failure("SOURCE_NOT_FOUND", { source: tree.label, why: "there is no object of that name, and none below it" });
  const paths = new TreePaths(tree.label);
  for (const file of wanted) paths.add(file.path);
  return wanted;
}

async function listBelow(tree: RemoteTree, prefix: string, deps: ListDeps): Promise<readonly TreeFile[]> {
  const files: TreeFile[] = [];
  const tokens = new Set<string>();
  let objects = 0;
  let nameBytes = 0;
  let emptyPages = 0;
  for (let token: string | undefined; ; ) {
    const page: Page = await request(tree, deps, (signal) => tree.listPage({ prefix, token, signal }));
    objects += page.objects.length;
    emptyPages = page.objects.length === 0 ? emptyPages + 1 : 0;
    for (const object of page.objects) {
      nameBytes += Buffer.byteLength(object.key);
      files.push({ object, path: pathBelow(tree, { prefix, object }) });
    }
    refuseEndless(tree, { objects, nameBytes, emptyPages });
    if (page.nextToken === undefined) return files;
    if (tokens.has(page.nextToken)) throw refused(tree, "its listing comes back to a page that was there already");
    tokens.add(page.nextToken);
    token = page.nextToken;
  }
}

function pathBelow(tree: RemoteTree, { prefix, object }: { readonly prefix: string; readonly object: ListedObject }): string {
  if (!object.key.startsWith(prefix))
    throw refused(tree, `its listing names ${JSON.stringify(object.key.slice(0, 100))}, which is not below it`);
  if (!Number.isSafeInteger(object.sizeBytes) || object.sizeBytes < 0) throw refused(tree, "its listing gives a size that is none");
  return object.key.slice(prefix.length);
}

function refuseEndless(
  tree: RemoteTree,
  seen: { readonly objects: number; readonly nameBytes: number; readonly emptyPages: number },
): void {
  if (seen.objects > maxFiles) throw refused(tree, `its listing has more than ${maxFiles} objects`);
  if (seen.nameBytes > maxNameBytes) throw refused(tree, `the names of its listing have more than ${maxNameBytes} bytes`);
  if (seen.emptyPages > maxEmptyPages) throw refused(tree, `its listing has more than ${maxEmptyPages} pages without an object`);
}

function refused(tree: RemoteTree, why: string): ReturnType<typeof failure> {
  return failure("SOURCE_REFUSED", { source: tree.label, why });
}

/** Without the objects of no bytes by which tools mark a folder: `name/`, or `name` where something is below `name/`. Other objects of no bytes are files. */
function withoutMarkers(files: readonly TreeFile[]): readonly TreeFile[] {
  const folders = new Set<string>();
  for (const { path } of files) {
    for (let end = path.lastIndexOf("/"); end > 0 && !folders.has(path.slice(0, end)); end = path.lastIndexOf("/", end - 1))
      folders.add(path.slice(0, end));
  }
  return files.filter(({ path, object }) => object.sizeBytes > 0 || !(path === "" || path.endsWith("/") || folders.has(path)));
}

/** One request, watched and tried again. */
function request<T>(tree: RemoteTree, deps: ListDeps, send: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const work = async (): Promise<T> => {
    const idle = idleGuard({ ...deps, label: tree.label });
    try {
      return await send(idle.signal);
    } catch (error) {
      throw idle.signal.aborted ? idle.signal.reason : error;
    } finally {
      idle.end();
    }
  };
  return retrying(work, { ...deps, failureOf: (error) => tree.failureOf(error) });
}
