/** A stream on which each message is answered at once by one other, in order, and no faster than the client reads. */
import { PlatformError } from "@modelyard/core";
import type { GrpcCall, GrpcMessageHandlers } from "@modelyard/wire";

/** How messages are answered. */
export interface PacedRepliesOptions {
  /** What it throws ends the stream. */
  reply(message: Uint8Array): Uint8Array;
  /** The stream is over, by a failure of ours or well. */
  onDone(error: PlatformError | undefined): void;
}

/** One stream. While the client does not read it is paused; what it was granted before, at most one flow-control window, waits here. */
export class PacedReplies implements GrpcMessageHandlers {
  readonly #call: GrpcCall;
  readonly #options: PacedRepliesOptions;
  readonly #waiting: Uint8Array[] = [];
  #isBlocked = false;
  #hasEnded = false;

  constructor(call: GrpcCall, options: PacedRepliesOptions) {
    this.#call = call;
    this.#options = options;
    call.onDrain(() => this.#unblock());
    call.onCancel(() => void (this.#waiting.length = 0));
  }

  onMessage(message: Uint8Array): void {
    if (this.#isBlocked) this.#waiting.push(new Uint8Array(message));
    else this.#answer(message);
  }

  onEnd(): void {
    this.#hasEnded = true;
    this.#finishIfDone();
  }

  onBroken(error: PlatformError): void {
    this.#waiting.length = 0;
    this.#options.onDone(error);
  }

  #answer(message: Uint8Array): void {
    try {
      this.#isBlocked = !this.#call.send(this.#options.reply(message));
    } catch (cause) {
      const error = PlatformError.from(cause);
      this.#waiting.length = 0;
      this.#call.fail(error);
      this.#options.onDone(error);
      return;
    }
    if (this.#isBlocked) this.#call.pause();
  }

  #unblock(): void {
    this.#isBlocked = false;
    while (!this.#isBlocked && !this.#call.isOver) {
      const next = this.#waiting.shift();
      if (!next) break;
      this.#answer(next);
    }
    if (this.#isBlocked || this.#call.isOver) return;
    this.#call.resume();
    this.#finishIfDone();
  }

  #finishIfDone(): void {
    if (!this.#hasEnded || this.#waiting.length > 0 || this.#call.isOver) return;
    this.#call.finish("OK");
    this.#options.onDone(undefined);
  }
}
