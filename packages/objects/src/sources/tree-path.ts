/** Names of a remote listing as paths of an artifact: what would leave the tree, or could not stand beside another name in a folder, is refused by name. */
import { failure } from "@modelyard/core";

/** Most bytes of one path. */
const maxPathBytes = 1024;
/** Most bytes of one name of a path: what file systems allow. */
const maxNameBytes = 255;

/** Why a `/`-separated name cannot be a path of an artifact; undefined when it can. */
function pathProblem(path: string): string | undefined {
  if (path.startsWith("/")) return "is an absolute name";
  if (path.includes("\\")) return "has a backslash";
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(path)) return "has a control character";
  if (!path.isWellFormed() || path.includes("\ufffd")) return "is not UTF-8";
  if (Buffer.byteLength(path) > maxPathBytes) return `is longer than ${maxPathBytes} bytes`;
  const names = path.split("/");
  if (names.includes("..")) return "leads out of the tree";
  if (names.includes("") || names.includes(".")) return 'has an empty part or "."';
  if (names.some((name) => Buffer.byteLength(name) > maxNameBytes)) return `has a part longer than ${maxNameBytes} bytes`;
  return undefined;
}

/** A name as messages show it: quoted, control characters escaped, cut at 100 characters. */
function shown(name: string): string {
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name);
}

/** Checks the paths of one tree, each as it comes. */
export class TreePaths {
  readonly #source: string;
  /** Folded path to the path as it came. */
  readonly #files = new Map<string, string>();
  /** Folded folder to the first path below it. */
  readonly #folders = new Map<string, string>();

  constructor(source: string) {
    this.#source = source;
  }

  /** Takes a path in; `SOURCE_REFUSED` names it, and the one it collides with. */
  add(path: string): void {
    const problem = pathProblem(path);
    if (problem !== undefined) throw failure("SOURCE_REFUSED", { source: this.#source, why: `the name ${shown(path)} ${problem}` });
    const folded = fold(path);
    const other = this.#files.get(folded) ?? this.#folders.get(folded);
    if (other !== undefined) this.#refuse(path, other);
    this.#files.set(folded, path);
    for (let end = folded.lastIndexOf("/"); end > 0; end = folded.lastIndexOf("/", end - 1)) {
      const folder = folded.slice(0, end);
      const file = this.#files.get(folder);
      if (file !== undefined) this.#refuse(path, file);
      if (this.#folders.has(folder)) break;
      this.#folders.set(folder, path);
    }
  }

  #refuse(path: string, other: string): never {
    const why =
      path === other ? `the name ${shown(path)} is there twice` : `the names ${shown(other)} and ${shown(path)} collide in a folder`;
    throw failure("SOURCE_REFUSED", { source: this.#source, why });
  }
}

/** Equal for names that a file system may hold to be one: by case, or by Unicode normal form. */
function fold(path: string): string {
  return path.normalize("NFC").toLowerCase().normalize("NFC");
}
