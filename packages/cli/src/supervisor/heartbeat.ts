/**
 * Watches over one life of a child: pings it, and ends it when it gives no sign of life or does not become ready.
 *
 * A child whose work may keep it from answering has a watch of its own, which is asked as long as a ping is unanswered whether one piece of work
 * has exceeded its limit. That is measured in the child's own time, and looked at once more after everything that has arrived was read: a
 * supervisor that was late itself, a machine that is busy and a child that is stopped are no reason to end it.
 */
import type { Clock, Log, Timer } from "@modelyard/core";
import type { Role } from "./lock-record.ts";
import { type OwnTime, ownTime } from "./own-time.ts";

/** Limits of a child's heartbeat, milliseconds. */
export interface HeartbeatLimits {
  readonly everyMs: number;
  /** Silence after which it is ended. */
  readonly silenceMs: number;
  /** Time to become ready, after which it is ended. */
  readonly startMs: number;
}

/** Every 2 s; ended after 30 s of silence, or two minutes without becoming ready. */
export const defaultHeartbeat: HeartbeatLimits = { everyMs: 2_000, silenceMs: 30_000, startMs: 120_000 };

/** Of a child with a watch: its work is found that much later than it exceeds its limit, up to four times. */
const watchedEveryMs = 200;

/** Silence from which on a watch is asked for: a program that is being loaded is not asked about its work. */
const doubtMs = 500;

/** Knows of a child's work what the child cannot tell while it does it. */
export interface WorkWatch {
  /** One more look, `ownMs` of the child's own time after the last: whether a piece of work has exceeded its limit. */
  look(ownMs: number): boolean;
  /** The child gave a sign of life. */
  forget(): void;
  /** It is ended now for what the last look found. */
  leaveNote(): void;
}

/** Opens the watch over a process; called when the first doubt arises. */
export type OpenWatch = (pid: number) => Promise<WorkWatch>;

/** Options of {@link Heartbeat}. */
export interface HeartbeatOptions {
  readonly role: Role;
  readonly pid: number;
  readonly limits?: Partial<HeartbeatLimits> | undefined;
  readonly openWatch?: OpenWatch | undefined;
  readonly ping: () => void;
  /** Ends the child. */
  readonly kill: () => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** Beats from construction to {@link close}. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #limits: HeartbeatLimits;
  readonly #ownTime: OwnTime;
  readonly #startedMs: number;
  #state: "starting" | "ready" | "stopping" = "starting";
  #lastSignMs: number;
  /** Since when a ping waits for its answer. */
  #pingedMs: number | undefined;
  #watch: WorkWatch | undefined;
  #isWatchAsked = false;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(options: HeartbeatOptions) {
    const { clock, openWatch, pid, limits } = options;
    this.#options = options;
    this.#limits = { ...defaultHeartbeat, ...(openWatch && { everyMs: watchedEveryMs }), ...limits };
    this.#ownTime = ownTime(pid, 2 * this.#limits.everyMs);
    this.#startedMs = clock.monotonicMs();
    this.#lastSignMs = this.#startedMs;
    this.#next();
  }

  /** It said something. */
  observe(): void {
    this.#lastSignMs = this.#options.clock.monotonicMs();
  }

  /** It answered a ping. */
  observePong(): void {
    this.#pingedMs = undefined;
    this.#watch?.forget();
  }

  observeReady(): void {
    this.#state = "ready";
  }

  /** It has been told to end, within a limit that somebody else keeps: silence is no reason any more. */
  observeStopping(): void {
    this.#state = "stopping";
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #next(): void {
    this.#timer = this.#options.clock.setTimer(this.#limits.everyMs, () => this.#look());
  }

  #look(): void {
    const { role, pid, clock, log } = this.#options;
    const nowMs = clock.monotonicMs();
    const why = this.#whyEnded(nowMs);
    if (why !== undefined) {
      log.warn(why, { role, pid, silentMs: nowMs - this.#lastSignMs });
      this.#options.kill();
      return;
    }
    if (this.#pingedMs === undefined) this.#ping(nowMs);
    else if ((this.#watch || nowMs - this.#pingedMs >= doubtMs) && this.#isStuck(nowMs)) {
      this.#confirm();
      return;
    }
    this.#next();
  }

  #whyEnded(nowMs: number): string | undefined {
    if (this.#state === "stopping") return undefined;
    const isLate = this.#state === "starting" && nowMs - this.#startedMs > this.#limits.startMs;
    if (isLate) return "process does not become ready and is ended";
    return nowMs - this.#lastSignMs > this.#limits.silenceMs ? "process gives no sign of life and is ended" : undefined;
  }

  #ping(nowMs: number): void {
    this.#pingedMs = nowMs;
    this.#options.ping();
  }

  #isStuck(nowMs: number): boolean {
    const ownMs = this.#ownTime(nowMs);
    if (this.#watch) return this.#watch.look(ownMs);
    void this.#open();
    return false;
  }

  async #open(): Promise<void> {
    const { openWatch, pid, log } = this.#options;
    if (this.#isWatchAsked) return;
    this.#isWatchAsked = true;
    try {
      this.#watch = await openWatch?.(pid);
    } catch (error) {
      log.error("the watch over the work of a process could not be opened", error, { pid });
    }
  }

  /** Events that have arrived are handled before a timer that is set now. */
  #confirm(): void {
    const { role, pid, clock, log, kill } = this.#options;
    this.#timer = clock.setTimer(0, () => {
      if (this.#isClosed) return;
      if (this.#pingedMs === undefined || !this.#watch?.look(0)) {
        this.#next();
        return;
      }
      this.#watch.leaveNote();
      log.warn("process is kept by its work beyond its limit and is ended", { role, pid });
      kill();
    });
  }
}
