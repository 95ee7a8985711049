/**
 * The serving processes: as many as configured, and their replacement by new ones while requests go on.
 *
 * A reload replaces one after the other: start a new process; when it is ready, new sockets go to it and the old one drains and ends. A new
 * process that does not become ready is stopped, the old one stays, and the reload ends there.
 *
 * Invariants: a slot (name, log and running file, mesh instance) is never that of two living processes; a place always has a process; whatever
 * was started here is stopped by {@link ServingProcesses.stop}.
 */
import type { Log } from "@modelyard/core";
import type { ConnectionTaker } from "./data-port.ts";
import type { SupervisedProcess } from "./supervised-process.ts";

/** A process and what is known of its first life. */
export interface ServingProcess {
  readonly slot: number;
  /** For example `serving-0`. */
  readonly name: string;
  readonly process: SupervisedProcess;
  /** Resolves when it is ready for the first time; rejects when it reported a failure or ended before that. */
  readonly firstReady: Promise<void>;
}

/** Options of {@link ServingProcesses}. */
export interface ServingProcessesOptions {
  readonly count: number;
  /** Starts one that is kept running; slots are below twice the count. */
  readonly run: (slot: number) => ServingProcess;
  /** For requests in flight of a process that is replaced, milliseconds. */
  readonly drainLimitMs: number;
  /** Called when a new process has begun to take connections. */
  readonly onFree: () => void;
  readonly log: Log;
}

/** For clients of HTTP/1.1 to send one more request on a connection that they keep open, and to learn that it is the last, milliseconds. */
const idleGraceMs = 5_000;

/** Keeps its processes running from construction to {@link stop}. */
export class ServingProcesses {
  readonly #options: ServingProcessesOptions;
  readonly #places: ServingProcess[];
  /** Of a replacement under way: the one that is not ready yet, or the one that drains. */
  #besides: ServingProcess | undefined;
  #isReloadAsked = false;
  #reloading: Promise<void> | undefined;
  #isStopping = false;

  constructor(options: ServingProcessesOptions) {
    this.#options = options;
    this.#places = Array.from({ length: options.count }, (_, slot) => options.run(slot));
  }

  /** Those that connections can be handed to. */
  get takers(): readonly ConnectionTaker[] {
    return this.#places.flatMap(({ process }) => process.connections ?? []);
  }

  /** Every living one, those of a replacement included. */
  get all(): readonly ServingProcess[] {
    return [...this.#places, ...(this.#besides ? [this.#besides] : [])];
  }

  /** Replaces every process; asked for during a reload, once more after it. Resolves when all that was asked for is over; never rejects. */
  reload(): Promise<void> {
    this.#isReloadAsked = true;
    this.#reloading ??= this.#reloadWhileAsked().finally(() => {
      this.#reloading = undefined;
    });
    return this.#reloading;
  }

  /** Stops them all, a reload included. Idempotent. */
  async stop(limitMs: number): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.all.map(({ process }) => process.stop(limitMs)));
    await this.#reloading;
  }

  async #reloadWhileAsked(): Promise<void> {
    while (this.#isReloadAsked && !this.#isStopping) {
      this.#isReloadAsked = false;
      await this.#replaceAll();
    }
  }

  async #replaceAll(): Promise<void> {
    const { log } = this.#options;
    for (const [place, old] of this.#places.entries()) {
      if (this.#isStopping) return;
      try {
        await this.#replace(place, old);
      } catch (error) {
        const fields = { logFile: `logs/serving-${this.#besides?.slot ?? old.slot}.log` };
        if (!this.#isStopping) log.error("the reload ends here: a new serving process is not ready, the old one stays", error, fields);
        return;
      } finally {
        this.#besides = undefined;
      }
    }
    log.info("every serving process was replaced");
  }

  async #replace(place: number, old: ServingProcess): Promise<void> {
    const { count, run, onFree, drainLimitMs } = this.#options;
    const joining = run((old.slot + count) % (2 * count));
    this.#besides = joining;
    try {
      await joining.firstReady;
    } catch (error) {
      await joining.process.stop(0);
      throw error;
    }
    this.#places[place] = joining;
    this.#besides = old;
    onFree();
    await old.process.stop(drainLimitMs, Math.min(idleGraceMs, drainLimitMs));
  }
}
