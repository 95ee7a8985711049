/** What the file `lock` of a data folder says: who holds it, which children it has, and where it can be reached. */

import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { identityOf, type ProcessIdentity, parseIdentity } from "@modelyard/core";

/** Role of a process under a supervisor. */
export type Role = "control" | "serving";

/** A child and what it does. */
export interface ChildRecord extends ProcessIdentity {
  readonly role: Role;
}

/** The content of `lock`. */
export interface LockRecord {
  readonly supervisor: ProcessIdentity;
  readonly startedAt: string;
  readonly children: readonly ChildRecord[];
  /** Addresses, once they are open. */
  readonly data?: string;
  readonly control?: string;
  readonly metrics?: string;
}

/** Pids in the form of the ready line. */
export interface Pids {
  readonly supervisor: number;
  readonly control: number;
  readonly serving: readonly number[];
}

/** Reads a folder's lock; undefined when there is none, or it is not readable as one. */
export function readLockRecord(dataDir: string): LockRecord | undefined {
  try {
    return parseLockRecord(JSON.parse(readFileSync(join(dataDir, "lock"), "utf8")));
  } catch {
    // No lock, or not one of ours: the guard decides who holds the folder.
    return undefined;
  }
}

/** Replaces the lock as a whole, so that a reader never sees a part of it. */
export function writeLockRecord(dataDir: string, record: LockRecord): void {
  const temporary = join(dataDir, `lock.${process.pid}.tmp`);
  writeFileSync(temporary, `${JSON.stringify(record)}\n`, { mode: 0o600 });
  renameSync(temporary, join(dataDir, "lock"));
}

/** Pids of a lock's processes. An embedded server is all roles in one process. */
export function pidsOf(record: LockRecord): Pids {
  const of = (role: Role): number[] => record.children.filter((child) => child.role === role).map((child) => child.pid);
  const serving = of("serving");
  const own = record.supervisor.pid;
  return { supervisor: own, control: of("control")[0] ?? own, serving: serving.length > 0 ? serving : [own] };
}

/** The identity of this process. */
export function ownIdentity(): ProcessIdentity {
  return identityOf(process.pid) ?? { pid: process.pid, startTime: "unknown", bootId: "unknown" };
}

function parseLockRecord(value: unknown): LockRecord | undefined {
  if (typeof value !== "object" || value === null || !("supervisor" in value)) return undefined;
  const supervisor = parseIdentity(value.supervisor);
  if (!supervisor) return undefined;
  const children = "children" in value && Array.isArray(value.children) ? value.children.flatMap(parseChild) : [];
  const text = (field: unknown): string | undefined => (typeof field === "string" ? field : undefined);
  const data = "data" in value ? text(value.data) : undefined;
  const control = "control" in value ? text(value.control) : undefined;
  const metrics = "metrics" in value ? text(value.metrics) : undefined;
  const startedAt = ("startedAt" in value ? text(value.startedAt) : undefined) ?? "";
  const addresses = {
    ...(data !== undefined && { data }),
    ...(control !== undefined && { control }),
    ...(metrics !== undefined && { metrics }),
  };
  return { supervisor, startedAt, children, ...addresses };
}

function parseChild(value: unknown): ChildRecord[] {
  const identity = parseIdentity(value);
  if (!identity || typeof value !== "object" || value === null || !("role" in value)) return [];
  return value.role === "control" || value.role === "serving" ? [{ ...identity, role: value.role }] : [];
}
