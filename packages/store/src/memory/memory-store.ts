/** The contract in memory, for tests, for the simulator, and for a process that keeps nothing. */
import { type Clock, type Log, type Random, silentLog } from "@modelyard/core";
import type { Store } from "../contract.ts";
import { MvccStore } from "../mvcc/mvcc-store.ts";
import { MemoryBackend } from "./memory-backend.ts";

/** Options of {@link memoryStore}. */
export interface MemoryStoreOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Default: silent. */
  readonly log?: Log;
  /** Revisions of history kept before automatic compaction. Default 10,000. */
  readonly keepRevisions?: number;
}

/** Revisions of history that embedded stores keep, unless told otherwise. */
export const defaultKeepRevisions = 10_000;

/** An empty store at revision 1. */
export function memoryStore(options: MemoryStoreOptions): Store {
  const { clock, random, log = silentLog(), keepRevisions = defaultKeepRevisions } = options;
  return new MvccStore(new MemoryBackend(keepRevisions), { clock, random, log });
}
