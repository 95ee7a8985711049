/**
 * One server per data folder. Two things say so: an operating-system lock on `lock.guard`, which the kernel drops when its holder dies
 * (Node has none of its own, so SQLite's is used: an exclusive transaction that is never committed), and the file `lock`, which names the
 * holder and its children.
 *
 * Invariant: when the lock is held no process of an earlier holder runs any more. They end by themselves when their supervisor is gone;
 * those that have not after five seconds are killed, each identified by pid, start time and boot.
 */
import { closeSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type Clock, failure, isRunning, killExactly, type ProcessIdentity, sleep } from "@modelyard/core";
import { type ChildRecord, type LockRecord, ownIdentity, readLockRecord, writeLockRecord } from "./lock-record.ts";

const limits = {
  /** A holder that is just dying still counts as alive to the kernel: this long it is given, milliseconds. */
  holderGraceMs: 500,
  /** For children of a dead holder to end by themselves, milliseconds. */
  childrenMs: 5_000,
  /** For the kernel to end what was killed, milliseconds. */
  killedMs: 5_000,
  pollMs: 20,
} as const;

/** A held data folder. */
export interface FolderLock {
  /** Changes what the file `lock` says. */
  update(changes: Partial<Omit<LockRecord, "supervisor" | "startedAt">>): void;
  readonly record: LockRecord;
  /** Gives the folder up; idempotent. */
  release(): void;
}

/** Takes the folder, or throws `DATA_FOLDER_LOCKED` naming the holder. */
export async function lockFolder(dataDir: string, deps: { readonly clock: Clock; readonly signal?: AbortSignal }): Promise<FolderLock> {
  const guard = await takeGuard(dataDir, deps);
  try {
    const earlier = readLockRecord(dataDir);
    // A holder that lives has the guard of another folder: this one is a copy of it, and its children are not ours to end.
    if (earlier && (await allEnded([earlier.supervisor], limits.holderGraceMs, deps))) await outlive(earlier.children, deps);
    return holdLock(dataDir, guard, deps.clock);
  } catch (error) {
    guard.close();
    throw error;
  }
}

function holdLock(dataDir: string, guard: DatabaseSync, clock: Clock): FolderLock {
  let record: LockRecord = { supervisor: ownIdentity(), startedAt: new Date(clock.nowMs()).toISOString(), children: [] };
  let isHeld = true;
  writeLockRecord(dataDir, record);
  return {
    get record() {
      return record;
    },
    update(changes) {
      if (!isHeld) return;
      record = { ...record, ...changes };
      writeLockRecord(dataDir, record);
    },
    release() {
      if (!isHeld) return;
      isHeld = false;
      rmSync(join(dataDir, "lock"), { force: true });
      guard.close();
    },
  };
}

async function takeGuard(dataDir: string, deps: { readonly clock: Clock; readonly signal?: AbortSignal }): Promise<DatabaseSync> {
  const giveUpMs = deps.clock.monotonicMs() + limits.holderGraceMs;
  for (;;) {
    const guard = tryGuard(dataDir);
    if (guard) return guard;
    if (deps.clock.monotonicMs() >= giveUpMs) throw failure("DATA_FOLDER_LOCKED", { dataDir, holder: describeHolder(dataDir) });
    await sleep(deps.clock, limits.pollMs, deps.signal);
  }
}

/** The guard, when neither another process nor another server of this process has it. */
function tryGuard(dataDir: string): DatabaseSync | undefined {
  const path = join(dataDir, "lock.guard");
  closeSync(openSync(path, "a", 0o600));
  const guard = new DatabaseSync(path);
  try {
    guard.exec("PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    return guard;
  } catch (error) {
    guard.close();
    // SQLite result code 5, SQLITE_BUSY: somebody has it.
    if (error instanceof Error && "errcode" in error && error.errcode === 5) return undefined;
    throw error;
  }
}

function describeHolder(dataDir: string): string {
  const record = readLockRecord(dataDir);
  if (!record) return "another Modelyard that is just starting";
  const addresses = record.data && record.control ? ` (data ${record.data}, control ${record.control})` : "";
  return `the Modelyard with pid ${record.supervisor.pid}, started at ${record.startedAt}${addresses}`;
}

async function outlive(children: readonly ChildRecord[], deps: { readonly clock: Clock; readonly signal?: AbortSignal }): Promise<void> {
  if (await allEnded(children, limits.childrenMs, deps)) return;
  for (const child of children) killExactly(child);
  if (await allEnded(children, limits.killedMs, deps)) return;
  const left = children.filter(isRunning).map((child) => `${child.role} process ${child.pid}`);
  throw failure("UNAVAILABLE", { what: "The data folder", why: `${left.join(", ")} of an earlier server cannot be ended` });
}

async function allEnded(
  processes: readonly ProcessIdentity[],
  limitMs: number,
  deps: { readonly clock: Clock; readonly signal?: AbortSignal },
): Promise<boolean> {
  const giveUpMs = deps.clock.monotonicMs() + limitMs;
  while (processes.some(isRunning)) {
    if (deps.clock.monotonicMs() >= giveUpMs) return false;
    await sleep(deps.clock, limits.pollMs, deps.signal);
  }
  return true;
}
