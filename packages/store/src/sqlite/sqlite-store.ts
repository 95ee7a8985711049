/** The contract in a SQLite file: the embedded store of a machine that works alone. */
import type { Clock, Log, Random } from "@modelyard/core";
import type { Store } from "../contract.ts";
import { defaultKeepRevisions } from "../memory/memory-store.ts";
import { MvccStore } from "../mvcc/mvcc-store.ts";
import { openSqliteBackend } from "./sqlite-backend.ts";

/** Options of {@link sqliteStore}. */
export interface SqliteStoreOptions {
  /** The file; its folder exists. SQLite keeps `-wal` and `-shm` beside it. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  /** Revisions of history kept before automatic compaction. Default 10,000. */
  readonly keepRevisions?: number;
  /** Writes that wait for the disk; more fail with `LIMIT_EXCEEDED`. Default 4,096. */
  readonly maxPendingWrites?: number;
  /** Reads that wait; more fail with `LIMIT_EXCEEDED`. Default 4,096. */
  readonly maxPendingReads?: number;
}

const defaultMaxPending = 4_096;

/** Opens or creates the file; one process at a time. `STORE_OPEN_FAILED`, `STORE_NEWER_FORMAT`. */
export async function sqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const { path, clock, log, random, keepRevisions = defaultKeepRevisions } = options;
  const { maxPendingWrites = defaultMaxPending, maxPendingReads = defaultMaxPending } = options;
  const backend = await openSqliteBackend({ path, log, keepRevisions, maxPendingWrites, maxPendingReads });
  return new MvccStore(backend, { clock, log, random });
}
