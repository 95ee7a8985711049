/**
 * The folder of prepared copies: a cache on disk, shared by all serving processes of a machine, that may be deleted at any time.
 *
 * One folder per copy under the first two digits of its key: a small one is a file with its record behind the graph, a large one has a file for that.
 * A copy is written into a temporary folder, synced, and renamed into place, so a folder under its key is complete; what rots or is cut off afterwards is found by size and checksum and made again.
 */
import { closeSync, fstatSync, openSync, readFileSync, readSync, utimesSync } from "node:fs";
import { mkdir, mkdtemp, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import { type Clock, type Log, sha256 } from "@modelyard/core";
import { checksumOf, scratchBytes } from "./checksum-of.ts";
import { infoName, type PreparedFile, type PreparedInfo, parsePreparedInfo } from "./prepared-info.ts";
import { graphName, recordedBelowBytes, recordIn } from "./recorded-graph.ts";
import { planSweep, type StoredCopy } from "./sweep.ts";

/** A complete copy. */
export interface PreparedCopy {
  /** The graph file. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly info: PreparedInfo;
  /** The graph as it was checked, until the caller waits for anything; `undefined` where it was too large to be kept, or others were checked since. */
  checkedBytes(): Uint8Array | undefined;
}

/** What a folder is made from. */
export interface PreparedFolderDeps {
  readonly dir: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Bytes of all copies together; the least recently used are removed beyond it. */
  readonly maxBytes: number;
}

interface StoredRecord {
  readonly path: string;
  readonly info: PreparedInfo;
  readonly usedAtMs: number;
}

// Of nearly every record; a longer one gets memory of its own.
const recordBytes = 8 * 1024;
const temporaryPrefix = "tmp-";
// Longer than any prepare may take.
const abandonedMs = 3_600_000;
// Longer than it takes from making a copy to loading it.
const freshMs = 60_000;
// How exact "last used" is; a write per load would cost more than the order is worth.
const touchEveryMs = 600_000;

const digestPattern = /^sha256:([0-9a-f]{64})$/;

/**
 * Key of a copy: all it depends on, in plain text, so that two that differ never share one. `madeFor` has parts of file names. Only a digest becomes
 * part of a path: a text that is none, under which no artifact is stored, is replaced by its own.
 */
export function preparedKey(artifactDigest: string, madeFor: readonly string[]): string {
  const hex = digestPattern.exec(artifactDigest)?.[1] ?? sha256(artifactDigest);
  return [hex, ...madeFor].join("-");
}

/** See the module. */
export class PreparedFolder {
  readonly #deps: PreparedFolderDeps;
  readonly #scratch = Buffer.allocUnsafeSlow(scratchBytes);
  /** Not the scratch: records are read while that holds a copy. */
  readonly #text = Buffer.allocUnsafeSlow(recordBytes);
  /** Copies that were read: the scratch holds the last of them. */
  #checked = 0;

  constructor(deps: PreparedFolderDeps) {
    this.#deps = deps;
  }

  /** The copy under a key when it is there and whole. */
  async find(key: string): Promise<PreparedCopy | undefined> {
    const dir = this.#dirOf(key);
    const small = this.#readSmall(dir);
    const record = small ?? this.#read(dir);
    if (!record) return undefined;
    const { info } = record;
    const checking = small ? this.#holdsGraph(info) : this.#areIntact(dir, info.files);
    const turn = ++this.#checked;
    if (!(await checking)) {
      this.#deps.log.warn("prepared copy is damaged and will be made again", { dir });
      return undefined;
    }
    this.#touch(record);
    const sizeBytes = info.files.reduce((sum, file) => sum + file.sizeBytes, 0);
    const isHeld = info.files.length === 1 && sizeBytes <= this.#scratch.length;
    const checkedBytes = (): Uint8Array | undefined =>
      isHeld && turn === this.#checked ? this.#scratch.subarray(0, sizeBytes) : undefined;
    return { path: join(dir, info.files[0]?.name ?? ""), sizeBytes, info, checkedBytes };
  }

  /** The record under a key; the copy itself is not looked at. */
  peek(key: string): PreparedInfo | undefined {
    const dir = this.#dirOf(key);
    return (this.#readSmall(dir) ?? this.#read(dir))?.info;
  }

  /** Fills an empty folder by `write` and puts it in place; a damaged copy under the key makes way. */
  async add(key: string, write: (dir: string) => Promise<void>): Promise<void> {
    await mkdir(this.#deps.dir, { recursive: true });
    const temporary = await mkdtemp(join(this.#deps.dir, temporaryPrefix));
    try {
      await write(temporary);
      await syncFolder(temporary);
      await this.#place(temporary, key);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  }

  async remove(key: string): Promise<void> {
    await rm(this.#dirOf(key), { recursive: true, force: true });
  }

  /** Removes what was abandoned half-written, and the oldest copies beyond the limit. */
  async sweep(): Promise<void> {
    const names = await readdir(this.#deps.dir).catch((): string[] => []);
    const nowMs = this.#deps.clock.nowMs();
    const copies: StoredCopy[] = [];
    for (const name of names) {
      const path = join(this.#deps.dir, name);
      if (name.startsWith(temporaryPrefix)) await removeAbandoned(path, nowMs);
      else copies.push(...(await listCopies(path)));
    }
    const removed = planSweep(copies, { maxBytes: this.#deps.maxBytes, keepUsedSinceMs: nowMs - freshMs });
    for (const copy of removed) await rm(copy.path, { recursive: true, force: true });
    if (removed.length > 0) this.#deps.log.info("prepared copies were removed to stay within the limit", { count: removed.length });
  }

  async #place(temporary: string, key: string): Promise<void> {
    const final = this.#dirOf(key);
    await mkdir(dirname(final), { recursive: true });
    try {
      await rename(temporary, final);
    } catch {
      // Something is there: whatever it is, this one is newer and whole.
      await rm(final, { recursive: true, force: true });
      await rename(temporary, final);
    }
    await syncFolder(dirname(final));
  }

  /** Of a copy that is one file, which the scratch holds then. */
  #readSmall(dir: string): StoredRecord | undefined {
    this.#checked++;
    return readRecord(join(dir, graphName), (file, size) =>
      size < recordedBelowBytes ? recordIn(this.#scratch.subarray(0, readSync(file, this.#scratch))) : undefined,
    );
  }

  /** Whether the graph that a small copy begins with is as it was written. */
  #holdsGraph({ files: [graph] }: PreparedInfo): boolean {
    return graph !== undefined && graph.sizeBytes < recordedBelowBytes && crc32(this.#scratch.subarray(0, graph.sizeBytes)) === graph.crc32;
  }

  async #areIntact(dir: string, files: readonly PreparedFile[]): Promise<boolean> {
    const checks = await Promise.all(files.map((file) => this.#isIntact(dir, file)));
    return checks.every(Boolean);
  }

  async #isIntact(dir: string, { name, sizeBytes, crc32: expected }: PreparedFile): Promise<boolean> {
    try {
      const found = await checksumOf(join(dir, name), this.#scratch);
      return found.sizeBytes === sizeBytes && found.crc32 === expected;
    } catch {
      // Gone: as good as damaged.
      return false;
    }
  }

  #read(dir: string): StoredRecord | undefined {
    return readRecord(join(dir, infoName), (file, size) =>
      size > this.#text.length ? readFileSync(file, "utf8") : this.#text.toString("utf8", 0, readSync(file, this.#text)),
    );
  }

  #touch({ path, usedAtMs }: StoredRecord): void {
    const now = this.#deps.clock.nowMs();
    if (now - usedAtMs > touchEveryMs) utimesSync(path, now / 1000, now / 1000);
  }

  #dirOf(key: string): string {
    return join(this.#deps.dir, key.slice(0, 2), key);
  }
}

/** On this thread: see `checksumOf`. The file is opened for its text and its time alike, and found once. */
function readRecord(path: string, textIn: (file: number, size: number) => string | undefined): StoredRecord | undefined {
  try {
    const file = openSync(path, "r");
    try {
      const { size, mtimeMs } = fstatSync(file);
      const text = textIn(file, size);
      const info = text === undefined ? undefined : parsePreparedInfo(text);
      return info && { path, info, usedAtMs: mtimeMs };
    } finally {
      closeSync(file);
    }
  } catch {
    // Not made yet, or deleted: a cache miss like any other.
    return undefined;
  }
}

async function listCopies(shard: string): Promise<readonly StoredCopy[]> {
  const names = await readdir(shard).catch((): string[] => []);
  const copies = await Promise.all(names.map((name) => describeCopy(join(shard, name))));
  return copies.filter((copy) => copy !== undefined);
}

/** A small copy is one file; what is known of a large one is in its record. */
async function describeCopy(path: string): Promise<StoredCopy | undefined> {
  try {
    const infoPath = join(path, infoName);
    const text = await readFile(infoPath, "utf8").catch(() => undefined);
    if (text === undefined) return await describeSmall(path);
    const sizeBytes = parsePreparedInfo(text)?.files.reduce((sum, file) => sum + file.sizeBytes, 0) ?? 0;
    return { path, sizeBytes, usedAtMs: (await stat(infoPath)).mtimeMs };
  } catch {
    // Being removed by another process.
    return undefined;
  }
}

async function describeSmall(path: string): Promise<StoredCopy> {
  const { size: sizeBytes, mtimeMs: usedAtMs } = await stat(join(path, graphName));
  return { path, sizeBytes, usedAtMs };
}

async function removeAbandoned(path: string, nowMs: number): Promise<void> {
  const age = await stat(path).then(
    (stats) => nowMs - stats.mtimeMs,
    () => 0,
  );
  if (age > abandonedMs) await rm(path, { recursive: true, force: true });
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
