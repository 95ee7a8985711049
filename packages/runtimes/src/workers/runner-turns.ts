/**
 * The commands of a runner, a turn for each model after the other: one run, or as many as run together. Between two turns the answers of the first
 * leave and what has come in meanwhile is queued, so that a model waits for one turn of each other one, not for its queue.
 */
import type { Clock } from "@modelyard/core";
import type { SessionHost } from "./session-host.ts";
import { TurnRing } from "./turn-ring.ts";
import type { WorkerCommand, WorkerReply } from "./worker-protocol.ts";

/** What {@link RunnerTurns} works with. */
export interface RunnerTurnsDeps {
  readonly host: SessionHost;
  /** Sends an answer. */
  readonly reply: (reply: WorkerReply, command: WorkerCommand) => void;
  readonly clock: Clock;
}

const noModel = 0;
/** Turns that are this short together are one callback: their answers leave as one, which takes the other side a third less. */
const longestMs = 0.5;

/** See the module. */
export class RunnerTurns {
  readonly #host: SessionHost;
  readonly #reply: RunnerTurnsDeps["reply"];
  readonly #clock: Clock;
  readonly #ring = new TurnRing<WorkerCommand>();
  #close: WorkerCommand | undefined;
  #isScheduled = false;

  constructor(deps: RunnerTurnsDeps) {
    const { host, reply, clock } = deps;
    this.#host = host;
    this.#reply = reply;
    this.#clock = clock;
  }

  /** Queues a command; it is done in a turn that {@link begin} or {@link beginSoon} starts. */
  add(command: WorkerCommand): void {
    // What is queued is finished before.
    if (command.kind === "close") this.#close = command;
    else this.#ring.add(command.kind === "start" ? noModel : command.handle, command);
  }

  /** Starts a turn now, unless there are turns already. */
  begin(): void {
    if (!this.#isScheduled) this.#take();
  }

  /** Starts a turn at the end of this one of the event loop, for which more may come in. */
  beginSoon(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#take);
  }

  readonly #take = (): void => {
    this.#isScheduled = false;
    const untilMs = this.#clock.monotonicMs() + longestMs;
    let isMore = true;
    while (isMore) isMore = this.#takeOne() && this.#clock.monotonicMs() < untilMs;
    // Who comes alone costs no turn of the event loop.
    if (!this.#ring.isEmpty || this.#close) this.beginSoon();
  };

  /** Whether the next turn may come at once: those who run together begin to only after this callback. */
  #takeOne(): boolean {
    const commands = this.#ring.take((first) => this.#host.turnSizeOf(first));
    if (commands.length === 0) this.#finish();
    for (const command of commands) void this.#answer(command);
    return commands.length === 1;
  }

  #finish(): void {
    const close = this.#close;
    this.#close = undefined;
    if (close) void this.#answer(close);
  }

  async #answer(command: WorkerCommand): Promise<void> {
    this.#reply(await this.#host.answer(command), command);
  }
}
