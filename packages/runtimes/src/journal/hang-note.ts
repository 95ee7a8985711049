/** The note that is left before a process is ended because a run hung: whose it was. Beside the running file, because the slots cannot tell a hang from a crash. */
import { closeSync, fsyncSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import type { RunningRecord } from "./running-file.ts";

/** Who hung, when, and how long it was allowed to take. */
export interface HangNote extends RunningRecord {
  readonly limitMs: number;
  readonly atMs: number;
}

/** Path of the note of a running file. */
export function hangNotePath(runningPath: string): string {
  return `${runningPath}.hang`;
}

/** Writes the note durably. */
export function writeHangNote(runningPath: string, note: HangNote): void {
  const file = openSync(hangNotePath(runningPath), "w", 0o600);
  writeSync(file, JSON.stringify(note));
  fsyncSync(file);
  closeSync(file);
}

/** Reads the note; `undefined` when there is none, or half of one. */
export function readHangNote(runningPath: string): HangNote | undefined {
  try {
    const note = JSON.parse(readFileSync(hangNotePath(runningPath), "utf8")) as Partial<HangNote> | null;
    const { modelId, phase, limitMs, atMs } = note ?? {};
    if (typeof modelId !== "string" || (phase !== "load" && phase !== "run")) return undefined;
    if (typeof limitMs !== "number" || typeof atMs !== "number") return undefined;
    return { modelId, phase, limitMs, atMs };
  } catch {
    // Absent in every ordinary start; a torn note names nobody.
    return undefined;
  }
}

/** Removes the note, if any. */
export function removeHangNote(runningPath: string): void {
  rmSync(hangNotePath(runningPath), { force: true });
}
