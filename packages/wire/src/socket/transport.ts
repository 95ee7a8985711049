/**
 * A socket with its output: passes on what arrives, and closes without losing what was written last.
 *
 * Hot path. Budget: 0.4 µs a read.
 */
import type { Socket } from "node:net";
import type { Clock, Timer } from "@modelyard/core";
import { FairInput, type FairInputDeps, type InputTaker } from "./fair-input.ts";
import { Outbox, type OutboxDeps } from "./outbox.ts";

/** Takes what happens on a socket. */
export interface TransportHandler {
  onData(chunk: Buffer): void;
  /** The peer writes no more. */
  onPeerEnd(): void;
  /** The socket is gone. Called once and last. */
  onClosed(why: string): void;
  /** The kernel has taken what was waiting. */
  onDrain(): void;
}

/** What a transport works with. */
export interface TransportDeps extends OutboxDeps, FairInputDeps {
  readonly clock: Clock;
}

/** Time for the peer to read our last words before the socket is destroyed. */
const lingerMs = 1_000;

/** One socket. */
export class Transport implements InputTaker {
  readonly outbox: Outbox;
  readonly remoteAddress: string;
  handler: TransportHandler;
  /** When something was last read. */
  readMs: number;
  readonly #socket: Socket;
  readonly #input: FairInput;
  readonly #clock: Clock;
  /** TLS says at its end that nothing was cut off. */
  readonly #isTls: boolean;
  #linger: Timer | undefined;
  #isClosing = false;
  #error: Error | undefined;

  constructor(socket: Socket, deps: TransportDeps, handler: TransportHandler) {
    this.#socket = socket;
    this.#input = new FairInput(socket, deps, this);
    this.#clock = deps.clock;
    this.#isTls = "encrypted" in socket;
    this.outbox = new Outbox(socket, deps);
    this.remoteAddress = socket.remoteAddress ?? "";
    this.handler = handler;
    this.readMs = deps.clock.monotonicMs();
    // A peer that has sent its request and closes its side still gets its answer.
    socket.allowHalfOpen = true;
    socket.setNoDelay(true);
    this.#listen(socket);
  }

  get isClosing(): boolean {
    return this.#isClosing;
  }

  pause(): void {
    this.#input.pause();
  }

  resume(): void {
    this.#input.resume();
  }

  /**
   * Writes what is waiting, however long the peer takes to read it, then ends our side; destroys the socket when the peer has ended its own or
   * had its time. Whoever calls this watches that the peer does read. Of a peer that has promised to send nothing more nobody waits to hear:
   * only bytes that arrive after a socket was closed would reset the connection, and lose what was written last.
   */
  close(isPeerDone = false): void {
    if (this.#isClosing) return;
    this.#socket.once("finish", () => this.#startLinger());
    this.#endOutput(isPeerDone && !this.#isTls);
  }

  /** As `close`, but the peer has little time for all of it. */
  closeSoon(): void {
    if (this.#isClosing) return;
    this.#startLinger();
    this.#endOutput(false);
  }

  /** Ends the socket at once. */
  destroy(): void {
    this.#isClosing = true;
    this.#socket.destroy();
  }

  /** Of the input, in its turn. */
  onInput(chunk: Buffer): void {
    if (!this.#isClosing) this.handler.onData(chunk);
  }

  /** Of the input, in its turn. */
  onInputEnd(): void {
    if (this.#isClosing) this.#socket.destroySoon();
    else this.handler.onPeerEnd();
  }

  #endOutput(mayClose: boolean): void {
    this.#isClosing = true;
    this.outbox.endAfterFlush(mayClose);
    this.#input.resume();
  }

  #startLinger(): void {
    this.#linger = this.#clock.setTimer(lingerMs, () => this.#socket.destroy(), { background: true });
  }

  #listen(socket: Socket): void {
    socket.on("data", (chunk: Buffer) => {
      this.readMs = this.#clock.monotonicMs();
      this.#input.add(chunk, this.readMs);
    });
    socket.on("end", () => this.#input.end());
    socket.on("drain", () => {
      this.outbox.settle();
      this.handler.onDrain();
    });
    // Followed by "close", which reports it.
    socket.on("error", (error) => {
      this.#error = error;
    });
    socket.on("close", () => {
      this.#linger?.cancel();
      this.#input.drop();
      this.outbox.settle();
      this.#isClosing = true;
      this.handler.onClosed(this.#error?.message ?? "closed by the peer");
    });
    socket.resume();
  }
}
