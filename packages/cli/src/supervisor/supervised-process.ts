/**
 * One child of the supervisor, kept running: started, watched by its heartbeat, started again with back-off when it ends, stopped in order.
 *
 *   starting --ready--> ready --exit--> waiting --(back-off)--> starting …        stop() from any of them: stopping --exit--> stopped
 */
import { type ChildProcess, fork, type SendHandle } from "node:child_process";
import {
  assertNever,
  type Clock,
  describeError,
  identityOf,
  type Log,
  type ProcessIdentity,
  type PublicError,
  type Sample,
  type Timer,
} from "@modelyard/core";
import { type BackOffState, planRestart } from "./back-off.ts";
import { type HandOver, handOverTo } from "./hand-over.ts";
import { Heartbeat, type HeartbeatLimits, type OpenWatch } from "./heartbeat.ts";
import type { Role } from "./lock-record.ts";
import type { LogFile } from "./log-file.ts";
import { type ExitReport, type FromChild, isFromChild, type ToChild } from "./messages.ts";
import { Questions } from "./questions.ts";
import type { Scrape, ScrapeVerdict } from "./scrape.ts";

/** What to run. */
export interface ProgramSource {
  /** Path of the entry file. */
  readonly entry: string;
  /** Arguments of the program, which uses none: they tell people who list processes what it is. */
  readonly args?: readonly string[];
  /** Arguments of Node. Default: those of this process. */
  readonly execArgv?: readonly string[];
}

/** What the supervisor wants to know of a child. */
export interface ProcessEvents {
  /** A process runs and waits to be told what to do; what this returns are its settings. */
  started(identity: ProcessIdentity | undefined): unknown;
  ready(url: string | undefined): void;
  /** It reported that it cannot do its work. It is started again all the same, until the supervisor stops it. */
  failed(error: PublicError): void;
  ended(exit: ExitReport): void;
  /** It ended unasked, and is started again after a while. */
  restarting(): void;
  /** It may be able to take a connection. */
  free(): void;
}

/** Options of {@link SupervisedProcess}. */
export interface SupervisedProcessOptions {
  readonly role: Role;
  readonly source: ProgramSource;
  /** Receives its output; closed when it is stopped. */
  readonly logFile: LogFile;
  readonly events: ProcessEvents;
  readonly clock: Clock;
  readonly log: Log;
  /** Those that differ from `defaultHeartbeat`. */
  readonly heartbeat?: Partial<HeartbeatLimits>;
  /** Opens the watch over its work. Default: none, it always answers. */
  readonly openWatch?: OpenWatch | undefined;
  /** Server socket on which it listens itself, in each of its lives. Default: none. */
  readonly listensOn?: SendHandle | undefined;
}

/** Questions of a kind that wait for an answer: more than the connections of the metrics port. */
const maxQuestions = 128;

type State = "starting" | "ready" | "waiting" | "stopping" | "stopped";

/** A child that is kept running from construction to {@link stop}. */
export class SupervisedProcess {
  readonly role: Role;
  readonly #options: SupervisedProcessOptions;
  #state: State = "waiting";
  #child: ChildProcess | undefined;
  #identity: ProcessIdentity | undefined;
  #connections: HandOver | undefined;
  #backOff: BackOffState = { failures: 0 };
  #readySinceMs: number | undefined;
  #heartbeat: Heartbeat | undefined;
  #timer: Timer | undefined;
  #predecessor: ExitReport | undefined;
  #stopped: (() => void)[] = [];
  readonly #asked: Questions<readonly Sample[]>;
  readonly #judged: Questions<ScrapeVerdict>;

  constructor(options: SupervisedProcessOptions) {
    this.role = options.role;
    this.#options = options;
    this.#asked = new Questions({ clock: options.clock, maxOpen: maxQuestions });
    this.#judged = new Questions({ clock: options.clock, maxOpen: maxQuestions });
    this.#start();
  }

  /** The running process; undefined between two lives. */
  get identity(): ProcessIdentity | undefined {
    return this.#identity;
  }

  get isReady(): boolean {
    return this.#state === "ready";
  }

  /** Where its connections are handed to; undefined between two lives. */
  get connections(): HandOver | undefined {
    return this.#connections;
  }

  /** What it counts; undefined when it is not ready or does not answer within `limitMs`. */
  samples(limitMs: number): Promise<readonly Sample[] | undefined> {
    if (this.#state !== "ready" && this.#state !== "stopping") return Promise.resolve(undefined);
    return this.#asked.ask(limitMs, (id) => this.#send({ kind: "metrics", id }));
  }

  /** Whether a scrape of the metrics port is answered; undefined as for {@link samples}. */
  authorize(scrape: Scrape, limitMs: number): Promise<ScrapeVerdict | undefined> {
    if (this.#state !== "ready") return Promise.resolve(undefined);
    return this.#judged.ask(limitMs, (id) => this.#send({ kind: "authorize", id, scrape }));
  }

  /**
   * Lets it finish what it does for `limitMs`, then ends it by force; `idleGraceMs` of that are for connections without a request to bring one
   * more. Resolves when it is gone; idempotent.
   */
  stop(limitMs: number, idleGraceMs = 0): Promise<void> {
    if (this.#state === "stopped") return Promise.resolve();
    const gone = new Promise<void>((resolve) => this.#stopped.push(resolve));
    this.#timer?.cancel();
    if (!this.#child) {
      this.#setStopped();
      return gone;
    }
    this.#state = "stopping";
    this.#connections?.retire();
    this.#heartbeat?.observeStopping();
    this.#send({ kind: "stop", limitMs, idleGraceMs });
    const child = this.#child;
    // The child keeps the limit itself; a second more is for one that is blocked.
    this.#timer = this.#options.clock.setTimer(limitMs + 1_000, () => child.kill("SIGKILL"));
    return gone;
  }

  #start(): void {
    const { source, logFile, clock, events, listensOn } = this.#options;
    this.#state = "starting";
    // In a session of its own: Ctrl-C in the terminal is for the supervisor, which stops its children in order.
    const child = fork(source.entry, [...(source.args ?? [])], {
      detached: true,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      ...(source.execArgv === undefined ? {} : { execArgv: [...source.execArgv] }),
    });
    this.#child = child;
    this.#identity = child.pid === undefined ? undefined : identityOf(child.pid);
    this.#connections = handOverTo(child, () => events.free());
    for (const output of [child.stdout, child.stderr]) output?.on("data", (chunk: Uint8Array) => logFile.write(chunk));
    child.on("message", (message) => isFromChild(message) && this.#observe(message));
    child.on("error", (error) => this.#childFailed(child, error));
    child.once("exit", (exitCode, signal) => this.#ended({ pid: child.pid ?? 0, exitCode, signal, atMs: clock.nowMs() }));
    const settings = events.started(this.#identity);
    if (listensOn) this.#send({ kind: "open" }, listensOn);
    this.#send({ kind: "start", settings, ...(this.#predecessor && { predecessor: this.#predecessor }) }, listensOn);
    this.#heartbeat = this.#watchOver(child);
  }

  #watchOver(child: ChildProcess): Heartbeat | undefined {
    const { role, clock, log, heartbeat: limits, openWatch } = this.#options;
    if (child.pid === undefined) return undefined;
    const ping = (): void => this.#send({ kind: "ping" });
    const kill = (): void => void child.kill("SIGKILL");
    return new Heartbeat({ role, pid: child.pid, limits, openWatch, ping, kill, clock, log });
  }

  #observe(message: FromChild): void {
    const { events, clock } = this.#options;
    this.#heartbeat?.observe();
    switch (message.kind) {
      case "ready":
        if (this.#state !== "starting") return;
        this.#state = "ready";
        this.#readySinceMs = clock.monotonicMs();
        this.#heartbeat?.observeReady();
        events.ready(message.url);
        this.#connections?.open();
        return;
      case "failed":
        events.failed(message.error);
        return;
      case "accepted":
      case "closed":
        this.#connections?.observe(message);
        return;
      case "pong":
        this.#heartbeat?.observePong();
        return;
      case "samples":
        this.#asked.answer(message.id, message.samples);
        return;
      case "authorized":
        this.#judged.answer(message.id, message.verdict);
        return;
      default:
        assertNever(message);
    }
  }

  /** Of a process that could not even be started there is no exit. */
  #childFailed(child: ChildProcess, error: Error): void {
    const { clock, logFile } = this.#options;
    logFile.write(`${JSON.stringify({ level: "error", message: "process failed", error: describeError(error) })}\n`);
    if (child.pid === undefined) this.#ended({ pid: 0, exitCode: null, signal: null, atMs: clock.nowMs() });
  }

  #ended(exit: ExitReport): void {
    const { clock, events, log } = this.#options;
    this.#timer?.cancel();
    this.#heartbeat?.close();
    this.#connections?.shut();
    this.#connections = undefined;
    this.#child = undefined;
    this.#identity = undefined;
    this.#predecessor = exit;
    this.#asked.abandon();
    this.#judged.abandon();
    if (this.#state === "stopping") {
      this.#setStopped();
      events.ended(exit);
      return;
    }
    const readyForMs = this.#readySinceMs === undefined ? 0 : clock.monotonicMs() - this.#readySinceMs;
    this.#readySinceMs = undefined;
    const { delayMs, failures } = planRestart(this.#backOff, readyForMs);
    this.#backOff = { failures };
    this.#state = "waiting";
    log.warn("process ended and will be started again", { role: this.role, ...exit, delayMs });
    this.#timer = clock.setTimer(delayMs, () => this.#start());
    events.ended(exit);
    events.restarting();
  }

  #send(message: ToChild, handle?: SendHandle): void {
    // A closed channel means that the child is ending: its exit is handled when it comes.
    if (this.#child?.connected) this.#child.send(message, handle, {}, () => {});
  }

  #setStopped(): void {
    this.#state = "stopped";
    this.#options.logFile.close();
    for (const resolve of this.#stopped) resolve();
    this.#stopped = [];
  }
}
