/**
 * Opens the store's file: write-ahead log with a full sync at every commit, and a schema with a version. An older file is copied beside itself and
 * brought forward; a newer one is refused untouched.
 */
import { closeSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { failure, PlatformError } from "@modelyard/core";

/** Scripts that bring an empty file to the current schema; script N leads from version N to N + 1. Only ever appended to. */
export const migrations: readonly string[] = [
  `CREATE TABLE meta (id INTEGER PRIMARY KEY CHECK (id = 1), revision INTEGER NOT NULL, compacted_revision INTEGER NOT NULL);
   INSERT INTO meta VALUES (1, 1, 0);
   -- One row a change; value NULL = the key was deleted. previous_revision names the version it replaced, 0 = none.
   CREATE TABLE entries (
     id INTEGER PRIMARY KEY,
     key BLOB NOT NULL,
     mod_revision INTEGER NOT NULL,
     create_revision INTEGER NOT NULL,
     version INTEGER NOT NULL,
     lease_id INTEGER NOT NULL,
     previous_revision INTEGER NOT NULL,
     value BLOB
   );
   CREATE UNIQUE INDEX entries_by_key ON entries (key, mod_revision);
   CREATE INDEX entries_by_revision ON entries (mod_revision);
   -- Keys that exist now, each with its last entry.
   CREATE TABLE keys (key BLOB PRIMARY KEY, entry INTEGER NOT NULL, lease_id INTEGER NOT NULL) WITHOUT ROWID;
   CREATE INDEX keys_by_lease ON keys (lease_id, key) WHERE lease_id <> 0;
   CREATE TABLE leases (lease_id INTEGER PRIMARY KEY, ttl_seconds INTEGER NOT NULL);`,
];

const busyTimeoutMs = 5_000;
const maxLogBytes = 67_108_864;

/** Opens the file for its one writer, creating or migrating it; `STORE_OPEN_FAILED`, `STORE_NEWER_FORMAT`. */
export function openForWriting(path: string, scripts: readonly string[] = migrations): DatabaseSync {
  const database = open(path, { readOnly: false });
  try {
    checkVersion(database, path, scripts.length);
    // FULL: a commit is on the disk before it returns, whatever the kernel does next.
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = ${maxLogBytes}`);
    migrate(database, path, scripts);
    return database;
  } catch (error) {
    database.close();
    throw asOpenFailure(path, error);
  }
}

/** Opens the file for reading; it has been opened for writing before. */
export function openForReading(path: string): DatabaseSync {
  return open(path, { readOnly: true });
}

function open(path: string, { readOnly }: { readonly readOnly: boolean }): DatabaseSync {
  try {
    // Made by us, for its mode: it may hold what only its owner may read. SQLite gives its side files the same.
    if (!readOnly) closeSync(openSync(path, "a", 0o600));
    return new DatabaseSync(path, { readOnly, timeout: busyTimeoutMs });
  } catch (error) {
    throw asOpenFailure(path, error);
  }
}

function checkVersion(database: DatabaseSync, path: string, supportedVersion: number): void {
  const formatVersion = versionOf(database);
  if (formatVersion > supportedVersion) throw failure("STORE_NEWER_FORMAT", { path, formatVersion, supportedVersion });
}

function migrate(database: DatabaseSync, path: string, scripts: readonly string[]): void {
  const from = versionOf(database);
  if (from === scripts.length) return;
  if (from > 0) database.prepare("VACUUM INTO ?").run(`${path}.version-${from}`);
  database.exec("BEGIN IMMEDIATE");
  for (const script of scripts.slice(from)) database.exec(script);
  database.exec(`PRAGMA user_version = ${scripts.length}; COMMIT`);
}

function versionOf(database: DatabaseSync): number {
  return Number(database.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);
}

function asOpenFailure(path: string, error: unknown): unknown {
  if (PlatformError.is(error)) return error;
  // SQLite and the file system say why in a few words.
  return failure("STORE_OPEN_FAILED", { path, why: error instanceof Error ? error.message : "unknown" }, { cause: error });
}
