/**
 * What a socket reads, handed on within its server's share of a turn of the event loop: what comes when that is spent is held, and the socket is not
 * read further than one chunk beyond it.
 *
 * Invariant: chunks and the peer's end are handed on in the order in which they came, and none while the taker has paused.
 */
import type { Socket } from "node:net";
import type { BufferBudget } from "./buffer-budget.ts";
import type { Held, TurnShare } from "./turn-share.ts";

/** Who takes what was read. */
export interface InputTaker {
  onInput(chunk: Buffer): void;
  onInputEnd(): void;
}

/** What inputs of a server or peer share. */
export interface FairInputDeps {
  readonly turns: TurnShare;
  /** Told of what is held. Default: nobody is. */
  readonly budget?: BufferBudget;
}

/** See the module. */
export class FairInput implements Held {
  readonly #socket: Socket;
  readonly #deps: FairInputDeps;
  readonly #taker: InputTaker;
  /** Absent: nothing is held. */
  #held: Buffer[] | undefined;
  #hasEnded = false;
  /** By the taker. */
  #isPaused = false;
  /** The socket is not read. */
  #isStopped = false;
  #isQueued = false;

  constructor(socket: Socket, deps: FairInputDeps, taker: InputTaker) {
    this.#socket = socket;
    this.#deps = deps;
    this.#taker = taker;
  }

  /** Takes what was read at that time, and may keep it: Node makes new memory for each read. */
  add(chunk: Buffer, nowMs: number): void {
    const { turns } = this.#deps;
    if (this.#held || turns.isSpent(nowMs)) {
      this.#hold(chunk);
      return;
    }
    this.#taker.onInput(chunk);
    turns.spend(nowMs);
  }

  /** The peer writes no more. */
  end(): void {
    if (this.#held) this.#hasEnded = true;
    else this.#taker.onInputEnd();
  }

  pause(): void {
    this.#isPaused = true;
    this.#stop();
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#held) this.#queue();
    else this.#start();
  }

  /** Forgets what is held. */
  drop(): void {
    while (this.#take());
    this.#held = undefined;
  }

  deliver(): boolean {
    this.#isQueued = this.#deliverOne();
    return this.#isQueued;
  }

  /** Whether the next one may come. */
  #deliverOne(): boolean {
    if (!this.#held || this.#isPaused) return false;
    const chunk = this.#take();
    if (chunk) this.#taker.onInput(chunk);
    if (this.#isPaused) return false;
    if (this.#held.length > 0) return true;
    this.#held = undefined;
    if (this.#hasEnded) this.#taker.onInputEnd();
    else if (this.#isStopped) this.#start();
    return false;
  }

  #hold(chunk: Buffer): void {
    const held = (this.#held ??= []);
    held.push(chunk);
    this.#deps.budget?.move(chunk.length);
    if (held.length > 1) this.#stop();
    if (!this.#isPaused) this.#queue();
  }

  #stop(): void {
    this.#isStopped = true;
    this.#socket.pause();
  }

  #start(): void {
    this.#isStopped = false;
    this.#socket.resume();
  }

  #take(): Buffer | undefined {
    const chunk = this.#held?.shift();
    if (chunk) this.#deps.budget?.move(-chunk.length);
    return chunk;
  }

  #queue(): void {
    if (this.#isQueued) return;
    this.#isQueued = true;
    this.#deps.turns.hold(this);
  }
}
