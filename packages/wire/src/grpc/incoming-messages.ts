/**
 * The messages of a call on the server, in order and as they were before they were compressed. While a message is inflated off the event loop
 * the client is held, and what it was granted before, at most one flow-control window, waits here.
 *
 * Hot path: a message that is not compressed and came in one piece is handed on within `onData`, without a copy.
 */
import { failure, PlatformError } from "@modelyard/core";
import type { BodyConsumer } from "../message/exchange.ts";
import { type Decompress, decompressorOf } from "./message-encoding.ts";
import { MessageReader, type MessageSink } from "./message-framing.ts";
import type { ServerCall } from "./server-call.ts";

/** Takes the messages of a call; what it throws becomes the call's status. */
export interface IncomingHandlers {
  /** Valid during the call only: copy what is kept. */
  onMessage(message: Uint8Array): void;
  onEnd(): void;
  /** What follows cannot be read; the call was ended with the status of the error. */
  onBroken?(error: PlatformError): void;
  /** Nothing more comes: the call was answered, broken, or its client went away. May be called more than once. */
  onDropped?(): void;
}

/** How the messages of a call are taken. */
export interface IncomingOptions {
  readonly maxMessageBytes: number;
  /** Whether the client may take its time between messages. */
  readonly isOpenEnded: boolean;
}

/** The body of a call. */
export class IncomingMessages implements BodyConsumer, MessageSink {
  readonly isOpenEnded: boolean;
  readonly #call: ServerCall;
  readonly #handlers: IncomingHandlers;
  readonly #reader: MessageReader;
  readonly #decompress: Decompress;
  /** What came while a message was inflated. */
  #held: Uint8Array[] | undefined;
  #hasEnded = false;

  constructor(call: ServerCall, handlers: IncomingHandlers, { maxMessageBytes, isOpenEnded }: IncomingOptions) {
    const memory = call.exchange.connection.buffers;
    this.isOpenEnded = isOpenEnded;
    this.#call = call;
    this.#handlers = handlers;
    this.#reader = new MessageReader(maxMessageBytes, this, memory);
    this.#decompress = decompressorOf(call.encoding, maxMessageBytes, memory);
  }

  onData(chunk: Uint8Array): void {
    this.#take(chunk, false);
  }

  onEnd(): void {
    this.#hasEnded = true;
    if (!this.#reader.isHeld) this.#end();
  }

  onAbort(): void {
    // The call hears of it through `onCancel`.
    this.onDropped();
  }

  onDropped(): void {
    this.#reader.drop();
    this.#held = undefined;
    this.#handlers.onDropped?.();
  }

  onMessage(message: Uint8Array, isOwned: boolean, isCompressed: boolean): void {
    const plain = isCompressed ? this.#decompress(message, isOwned) : message;
    if (plain instanceof Promise) void this.#deliverLater(plain);
    else this.#deliver(plain);
  }

  #take(chunk: Uint8Array, isOwned: boolean): void {
    if (this.#call.isOver) return;
    try {
      const at = this.#reader.read(chunk);
      // Answered amid the chunk: what of it belongs to a further message is of no use, and nobody would come to drop it.
      if (this.#call.isOver) this.onDropped();
      else if (at < chunk.length) this.#hold(chunk.subarray(at), isOwned);
    } catch (error) {
      if (!PlatformError.is(error)) throw error;
      this.#break(error);
    }
  }

  #hold(chunk: Uint8Array, isOwned: boolean): void {
    this.#held ??= [];
    this.#held.push(isOwned ? chunk : new Uint8Array(chunk));
  }

  #deliver(message: Uint8Array): void {
    if (!this.#call.isOver) this.#handlers.onMessage(message);
  }

  /** Never rejects. */
  async #deliverLater(inflating: Promise<Uint8Array>): Promise<void> {
    this.#reader.isHeld = true;
    this.#call.holdBody(true);
    try {
      this.#deliver(await inflating);
      this.#reader.isHeld = false;
      this.#goOn();
    } catch (error) {
      this.#break(PlatformError.from(error));
    }
  }

  /** Reads what was held, as far as no other message has to be inflated first. */
  #goOn(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const chunk of held) this.#take(chunk, true);
    if (this.#reader.isHeld) return;
    this.#call.holdBody(false);
    if (this.#hasEnded) this.#end();
  }

  #end(): void {
    if (this.#call.isOver) return;
    if (this.#reader.isInsideMessage) this.#break(failure("GRPC_MALFORMED", { problem: "the last message is cut short" }));
    else this.#handlers.onEnd();
  }

  #break(error: PlatformError): void {
    this.onDropped();
    this.#call.fail(error);
    this.#handlers.onBroken?.(error);
  }
}
