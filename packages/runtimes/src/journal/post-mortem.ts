/** Reads what the last process left: who was running when it ended, and whether it crashed or hung. */
import { existsSync } from "node:fs";
import type { CrashReport } from "../contract.ts";
import { crashReport } from "./crash-report.ts";
import { readHangNote, removeHangNote } from "./hang-note.ts";
import { type RunningRecord, readSlots } from "./running-file.ts";

/** How the last process ended, as its supervisor saw it. */
export interface ProcessEnd {
  /** Wall time. */
  readonly atMs: number;
  /** The signal that ended it. `SIGKILL` without a note came from outside and blames nobody. Absent = unknown, or it exited by itself. */
  readonly signal?: NodeJS.Signals;
}

/**
 * The report of the last process, or `undefined` when it ended in order, was killed from outside, or was running nothing. Call it once, before
 * `createRunJournal`: it removes the note.
 *
 * Where several threads had a model, the most telling one is named: a load, then a worker's run (its slot is exact), then the I/O thread's.
 */
export function readPostMortem(path: string, end: ProcessEnd): CrashReport | undefined {
  const note = readHangNote(path);
  removeHangNote(path);
  if (note) return crashReport({ record: note, kind: "hang", atMs: note.atMs });
  if (end.signal === "SIGKILL" || !existsSync(path)) return undefined;
  const suspect = mostTelling(readSlots(path));
  return suspect && crashReport({ record: suspect, kind: "crash", atMs: end.atMs });
}

function mostTelling(slots: readonly (RunningRecord | undefined)[]): RunningRecord | undefined {
  const [ioThread, ...workers] = slots;
  const all = [...workers, ioThread].filter((record) => record !== undefined);
  return all.find((record) => record.phase === "load") ?? all[0];
}
