/** What one instance knows of a model beyond the record, and the record with it. Pure. */
import type { ModelSignature } from "@modelyard/runtimes";
import type { CopyRecord, FailureRecord, ModelRecord } from "./records.ts";

/** A crash as the record lists it. */
export type CrashEntry = ModelRecord["crashes"][number];

/** Facts to bring into a model's record. What is absent stays as it is. */
export interface ModelFacts {
  readonly copy?: CopyRecord | "none";
  readonly failure?: FailureRecord | "none";
  /** Added once each. */
  readonly crashes?: readonly CrashEntry[];
  readonly signature?: ModelSignature;
  /** Never goes back; written only with another change. */
  readonly lastUsedMs?: number;
  /** Other instances that are gone: their copies and, unless they quarantine, their failures. */
  readonly goneInstances?: ReadonlySet<string>;
}

/** Crashes that a record keeps. */
const maxCrashEntries = 10;

/** Newer facts over older ones. */
export function mergeFacts(older: ModelFacts, newer: ModelFacts): ModelFacts {
  const crashes = [...(older.crashes ?? []), ...(newer.crashes ?? [])];
  return { ...older, ...newer, ...(crashes.length > 0 && { crashes }) };
}

/** The record with an instance's facts; the same object when they change nothing worth a write. */
export function withFacts(record: ModelRecord, instanceId: string, facts: ModelFacts): ModelRecord {
  const copies = withEntry(without(record.copies, facts.goneInstances), instanceId, facts.copy);
  const failures = withEntry(without(record.failures, facts.goneInstances, isQuarantine), instanceId, facts.failure);
  const added = (facts.crashes ?? []).filter((crash) => !record.crashes.some((one) => one.atMs === crash.atMs && one.kind === crash.kind));
  const crashes = added.length > 0 ? [...record.crashes, ...added].slice(-maxCrashEntries) : record.crashes;
  const signature = record.signature ?? facts.signature;
  const isSame = copies === record.copies && failures === record.failures && crashes === record.crashes && signature === record.signature;
  if (isSame) return record;
  const lastUsedMs = Math.max(record.lastUsedMs, facts.lastUsedMs ?? 0);
  return { ...record, copies, failures, crashes, lastUsedMs, ...(signature && { signature }) };
}

type Entries<V> = Readonly<Record<string, V>>;

function withEntry<V>(entries: Entries<V>, key: string, entry: V | "none" | undefined): Entries<V> {
  const known = entries[key];
  if (entry === undefined) return entries;
  if (entry === "none") {
    if (known === undefined) return entries;
    const { [key]: _gone, ...rest } = entries;
    return rest;
  }
  return JSON.stringify(known) === JSON.stringify(entry) ? entries : { ...entries, [key]: entry };
}

function without<V>(entries: Entries<V>, keys: ReadonlySet<string> | undefined, isKept?: (value: V) => boolean): Entries<V> {
  const goes = (key: string, value: V): boolean => keys !== undefined && keys.has(key) && !isKept?.(value);
  const kept = Object.entries(entries).filter(([key, value]) => !goes(key, value));
  return kept.length === Object.keys(entries).length ? entries : Object.fromEntries(kept);
}

function isQuarantine(failure: FailureRecord): boolean {
  return failure.error.reason === "RUNTIME_CRASHED";
}
