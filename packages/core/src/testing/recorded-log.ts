/** A log that keeps its records for a test to look at. */
import { jsonLog, type Log } from "../log.ts";
import { fakeClock } from "./fake-clock.ts";

/** A {@link Log} with what was written. */
export interface RecordedLog {
  readonly log: Log;
  readonly records: readonly Readonly<Record<string, unknown>>[];
}

/** Keeps every record, debug included. */
export function recordedLog(): RecordedLog {
  const records: Record<string, unknown>[] = [];
  const write = (line: string): void => void records.push(JSON.parse(line) as Record<string, unknown>);
  return { log: jsonLog({ clock: fakeClock(), write, level: "debug" }), records };
}
