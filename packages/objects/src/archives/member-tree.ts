/**
 * The tree that an archive's members make. Each place has one owner, also where a file system would take two names for one: names that differ only by
 * case or by Unicode normal form collide.
 */
import { limitExceeded, memberRefused, nameRefused, quoted } from "./archive-refusal.ts";
import type { NameContext } from "./member-name.ts";

interface Place {
  readonly path: string;
  readonly isFolder: boolean;
}

/** Places taken so far. */
export class MemberTree {
  readonly #context: NameContext;
  readonly #places = new Map<string, Place>();
  #members = 0;
  #nameBytes = 0;

  constructor(context: NameContext) {
    this.#context = context;
  }

  /** Takes the place of a folder; the same folder may come again. */
  addFolder(path: string): void {
    this.#countMember(path);
    if (path !== "") this.#takeFolders(path);
  }

  /** Takes the place of a file or a link, and of the folders above it. */
  addFile(path: string): void {
    this.#countMember(path);
    const slash = path.lastIndexOf("/");
    if (path === "") throw nameRefused(this.#context, "./", "names the root, which is a folder");
    if (slash > 0) this.#takeFolders(path.slice(0, slash));
    this.#take({ path, isFolder: false });
  }

  #countMember(path: string): void {
    const { limits } = this.#context;
    this.#members++;
    this.#nameBytes += Buffer.byteLength(path);
    if (this.#members > limits.maxMembers) throw this.#tooMany(path);
    if (this.#nameBytes > limits.maxListingBytes)
      throw limitExceeded(this.#context, `its names have more than ${limits.maxListingBytes} bytes at ${quoted(path)}`);
  }

  #takeFolders(path: string): void {
    if (this.#places.get(keyOf(path))?.path === path && this.#places.get(keyOf(path))?.isFolder) return;
    const slash = path.lastIndexOf("/");
    if (slash > 0) this.#takeFolders(path.slice(0, slash));
    this.#take({ path, isFolder: true });
  }

  #take(place: Place): void {
    const key = keyOf(place.path);
    const other = this.#places.get(key);
    if (other) this.#refuseSecond(place, other);
    this.#places.set(key, place);
    if (this.#places.size > this.#context.limits.maxMembers) throw this.#tooMany(place.path);
  }

  #refuseSecond(place: Place, other: Place): never {
    const { path } = place;
    if (other.path !== path) throw nameRefused(this.#context, path, `collides with ${quoted(other.path)} by case or normal form`);
    if (other.isFolder !== place.isFolder) throw memberRefused(this.#context, path, "is a file and a folder");
    throw memberRefused(this.#context, path, "is there twice");
  }

  #tooMany(path: string): Error {
    const { limits } = this.#context;
    return limitExceeded(this.#context, `it has more than ${limits.maxMembers} files and folders at ${quoted(path)}`);
  }
}

/** Equal for names that some file system takes for one. Upper case first, so that letters with several lower forms meet (`ß`, `ς`). */
function keyOf(path: string): string {
  return path.normalize("NFD").toUpperCase().toLowerCase().normalize("NFC");
}
