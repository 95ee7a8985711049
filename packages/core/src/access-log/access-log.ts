/**
 * The access log: one JSON line a request, written off the hot path. A request leaves an entry; a timer formats and writes what has gathered, a
 * bounded number at a time. What finds no room is dropped and counted, so that a slow disk or a flood costs lines and nothing else.
 */
import type { Clock, Timer } from "../clock.ts";
import type { Log } from "../log.ts";
import type { Counter, Metrics } from "../metrics.ts";
import type { AccessRecord } from "./access-record.ts";

/** Which answers are recorded. Refused credentials always are. */
export type AccessLogLevel = "off" | "errors" | "all";

/** What {@link AccessLog} is given. */
export interface AccessLogDeps<Entry> {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly accessLog: AccessLogLevel;
  /** Receives whole lines, newlines included. */
  readonly writeAccessLog: (lines: string) => void;
  /** The record of an entry; called off the hot path. */
  readonly recordOf: (entry: Entry) => AccessRecord;
}

/** Entries that wait to be written. */
export const maxAccessEntries = 8_192;
/** Lines formatted at a time: about a millisecond of work. */
const batchLines = 256;
const gatherMs = 50;

/** The log of a port; an entry is what a request leaves there to be told later. */
export class AccessLog<Entry> {
  readonly #deps: AccessLogDeps<Entry>;
  readonly #dropped: Counter;
  #entries: Entry[] = [];
  #timer: Timer | undefined;

  constructor(deps: AccessLogDeps<Entry>) {
    this.#deps = deps;
    this.#dropped = deps.metrics.counter("modelyard_access_log_dropped_total");
  }

  /** Whether an answer with this code is recorded; `isRefused`: for its credentials. */
  records(code: string, isRefused: boolean): boolean {
    const { accessLog } = this.#deps;
    return isRefused || accessLog === "all" || (accessLog === "errors" && code !== "OK");
  }

  add(entry: Entry): void {
    if (this.#entries.length >= maxAccessEntries) return this.#dropped.add();
    this.#entries.push(entry);
    this.#timer ??= this.#schedule(gatherMs);
  }

  /** Writes everything that waits. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    while (this.#entries.length > 0) this.#write();
  }

  #schedule(delayMs: number): Timer {
    const onTime = (): void => {
      this.#write();
      this.#timer = this.#entries.length > 0 ? this.#schedule(0) : undefined;
    };
    return this.#deps.clock.setTimer(delayMs, onTime, { background: true });
  }

  #write(): void {
    const batch = this.#entries.splice(0, batchLines);
    const { recordOf, writeAccessLog } = this.#deps;
    try {
      writeAccessLog(batch.map((entry) => `${JSON.stringify(recordOf(entry))}\n`).join(""));
    } catch (error) {
      this.#dropped.add(batch.length);
      this.#deps.log.error("Lines of the access log could not be written", error, { lines: batch.length });
    }
  }
}
