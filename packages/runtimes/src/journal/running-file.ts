/**
 * The running file: which model each thread of a serving process ran last, kept where the next process and the supervisor can read it.
 *
 * One slot of fixed size per thread, JSON padded with spaces; one that does not begin with a brace says that nothing runs. Written with one
 * `pwrite` and never synced: it must survive the end of the process, not of the machine.
 */
import { readFileSync, writeSync } from "node:fs";

/** Bytes of one slot: room for the longest model id. */
export const slotBytes = 2048;

/** What a thread was doing. */
export interface RunningRecord {
  readonly modelId: string;
  readonly phase: "load" | "run";
}

/** The same as it is kept, for whoever watches from another process. */
export interface RunningSlot extends RunningRecord {
  readonly limitMs: number;
  /** Of the process that wrote it: the next one finds the file as it was left. */
  readonly pid: number;
  /** Which of the thread's runs it was when it was written; at most ten digits. */
  readonly run: number;
}

const space = 0x20;
const zero = 0x30;
/** The run comes first, in a field of fixed width, so that a next run of the same model is one short write. */
const runStart = '{"run":'.length;
const runDigits = 10;

/** Whether a record of this model fits. */
export function fitsSlot(modelId: string): boolean {
  const longest = { modelId, phase: "load", limitMs: Number.MAX_SAFE_INTEGER, pid: Number.MAX_SAFE_INTEGER, run: 0 } as const;
  return Buffer.byteLength(formatSlot(longest)) <= slotBytes;
}

/** Writes the slot of one thread. */
export class SlotWriter {
  readonly #file: number;
  readonly #offset: number;
  readonly #bytes: Buffer = Buffer.alloc(slotBytes, space);

  constructor(file: number, slot: number) {
    this.#file = file;
    this.#offset = slot * slotBytes;
  }

  /** Says what the thread runs now. */
  write(record: RunningSlot): void {
    this.#bytes.fill(space);
    this.#bytes.write(formatSlot(record));
    this.#put(slotBytes);
  }

  /** Says that it runs the same again, as another run. */
  writeRun(run: number): void {
    const last = runStart + runDigits - 1;
    let rest = run;
    for (let index = last; index >= runStart; index--) {
      this.#bytes[index] = rest > 0 || index === last ? zero + (rest % 10) : space;
      rest = Math.floor(rest / 10);
    }
    this.#put(last + 1);
  }

  /** Says that nothing runs until {@link SlotWriter.writeRun}. */
  pause(): void {
    writeSync(this.#file, blank, 0, 1, this.#offset);
  }

  /** Says that nothing runs. */
  erase(): void {
    this.#bytes.fill(space);
    this.#put(slotBytes);
  }

  #put(length: number): void {
    writeSync(this.#file, this.#bytes, 0, length, this.#offset);
  }
}

const blank = Buffer.from(" ");

function formatSlot({ modelId, phase, limitMs, pid, run }: RunningSlot): string {
  const text = JSON.stringify({ modelId, phase, limitMs, pid });
  return `{"run":${String(run).padStart(runDigits)},${text.slice(1)}`;
}

/** Every slot of a file, in the order of threads; slots that are idle or were cut off in the middle of a write are `undefined`. */
export function readSlots(path: string): readonly (RunningSlot | undefined)[] {
  const bytes = readFileSync(path);
  const count = Math.floor(bytes.length / slotBytes);
  return Array.from({ length: count }, (_, slot) => parseSlot(bytes.toString("utf8", slot * slotBytes, (slot + 1) * slotBytes)));
}

function parseSlot(text: string): RunningSlot | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    const value = JSON.parse(text) as Partial<RunningSlot> | null;
    const { modelId, phase, limitMs, pid, run } = value ?? {};
    if (typeof modelId !== "string" || (phase !== "load" && phase !== "run")) return undefined;
    if (typeof limitMs !== "number" || typeof pid !== "number" || typeof run !== "number") return undefined;
    return { modelId, phase, limitMs, pid, run };
  } catch {
    // Half a record says nothing certain about anybody.
    return undefined;
  }
}
