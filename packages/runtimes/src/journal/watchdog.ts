/**
 * The watchdog: ends this process when a run lasts longer than its limit, because nothing else can end a run. (Terminating a worker thread in the
 * middle of a run aborts the process anyway.)
 *
 * It looks from the event loop, and so sees the runs of workers. A run that keeps the event loop itself is seen by the supervisor (`stuck-process.ts`).
 */
import type { Clock, Timer } from "@modelyard/core";
import { hangDetector } from "./hang-detector.ts";
import { writeHangNote } from "./hang-note.ts";
import type { RunJournal } from "./run-journal.ts";
import { readSlots } from "./running-file.ts";

/** Options of {@link startWatchdog}. */
export interface WatchdogOptions {
  readonly journal: RunJournal;
  readonly clock: Clock;
  /** How often it looks. Default 100. */
  readonly intervalMs?: number;
}

/** A running watchdog. */
export interface Watchdog {
  /** Stops watching; idempotent. */
  close(): void;
}

/** Starts to look. On a hang it writes the note beside the running file and ends this process with SIGKILL. */
export function startWatchdog({ journal, clock, intervalMs = 100 }: WatchdogOptions): Watchdog {
  const detect = hangDetector(new Int32Array(journal.words), intervalMs);
  let timer: Timer;
  const look = (): void => {
    const hang = detect(clock.monotonicMs());
    if (hang) endProcess(journal.path, { ...hang, atMs: clock.nowMs() });
    timer = clock.setTimer(intervalMs, look, { background: true });
  };
  look();
  return { close: () => timer.cancel() };
}

function endProcess(
  path: string,
  { thread, limitMs, atMs }: { readonly thread: number; readonly limitMs: number; readonly atMs: number },
): void {
  const record = readSlots(path)[thread];
  if (record) writeHangNote(path, { modelId: record.modelId, phase: record.phase, limitMs, atMs });
  // SIGKILL and not SIGABRT: no core file of the whole process; the note tells it from a kill from outside.
  process.kill(process.pid, "SIGKILL");
}
