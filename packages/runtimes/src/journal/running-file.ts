/**
 * The running file: which model each thread of a serving process ran last, kept where the next process can read it.
 *
 * One slot of fixed size per thread, JSON padded with spaces; all spaces = idle. Written with one `pwrite` and never synced: it must survive the
 * end of the process, not of the machine.
 */
import { readFileSync, writeSync } from "node:fs";

/** Bytes of one slot: room for the longest model id. */
export const slotBytes = 2048;

/** What a thread was doing. */
export interface RunningRecord {
  readonly modelId: string;
  readonly phase: "load" | "run";
}

const space = 0x20;

/** Says what the thread runs now; `undefined` = nothing. */
export function writeSlot(file: number, slot: number, record: RunningRecord | undefined): void {
  const bytes = new Uint8Array(slotBytes).fill(space);
  if (record) new TextEncoder().encodeInto(JSON.stringify({ modelId: record.modelId, phase: record.phase }), bytes);
  writeSync(file, bytes, 0, slotBytes, slot * slotBytes);
}

/** Every slot of a file, in the order of threads; slots that are idle or were cut off in the middle of a write are `undefined`. */
export function readSlots(path: string): readonly (RunningRecord | undefined)[] {
  const bytes = readFileSync(path);
  const count = Math.floor(bytes.length / slotBytes);
  return Array.from({ length: count }, (_, slot) => parseRecord(bytes.toString("utf8", slot * slotBytes, (slot + 1) * slotBytes)));
}

function parseRecord(text: string): RunningRecord | undefined {
  if (text.trim() === "") return undefined;
  try {
    const value = JSON.parse(text) as Partial<RunningRecord> | null;
    if (typeof value?.modelId !== "string" || (value.phase !== "load" && value.phase !== "run")) return undefined;
    return { modelId: value.modelId, phase: value.phase };
  } catch {
    // Half a record says nothing certain about anybody.
    return undefined;
  }
}
