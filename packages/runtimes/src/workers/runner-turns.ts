/**
 * The commands of a runner, a turn for each model after the other: one run, or as many as run together. Between two turns the answers of the first
 * leave and what has come in meanwhile is queued, so that a model waits for one turn of each other one, not for its queue.
 */
import type { SessionHost } from "./session-host.ts";
import { TurnRing } from "./turn-ring.ts";
import type { WorkerCommand, WorkerReply } from "./worker-protocol.ts";

/** Sends an answer. */
export type Reply = (reply: WorkerReply, command: WorkerCommand) => void;

const noModel = 0;

/** See the module. */
export class RunnerTurns {
  readonly #host: SessionHost;
  readonly #reply: Reply;
  readonly #ring = new TurnRing<WorkerCommand>();
  #close: WorkerCommand | undefined;
  #isScheduled = false;

  constructor(host: SessionHost, reply: Reply) {
    this.#host = host;
    this.#reply = reply;
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
    const commands = this.#ring.take((first) => this.#host.turnSizeOf(first));
    if (commands.length === 0) return this.#finish();
    for (const command of commands) void this.#answer(command);
    this.beginSoon();
  };

  #finish(): void {
    const close = this.#close;
    this.#close = undefined;
    if (close) void this.#answer(close);
  }

  async #answer(command: WorkerCommand): Promise<void> {
    this.#reply(await this.#host.answer(command), command);
  }
}
