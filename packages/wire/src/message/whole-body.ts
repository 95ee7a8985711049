/** Collects a body, within a limit, for handlers that need all of it. */
import { failure, type PlatformError } from "@modelyard/core";
import type { BodyConsumer } from "./exchange.ts";

/** What becomes of a collected body. */
export interface WholeBodyHandlers {
  /** Called once with the whole body, which is a view of the read buffer when it came in one piece: valid during the call only, copy what is kept. */
  readonly onBody: (body: Uint8Array) => void;
  /** The body is larger than the limit (`LIMIT_EXCEEDED`); answer with 413. What follows of the body is dropped. */
  readonly onTooLarge: (error: PlatformError) => void;
  /** The peer went away before the body was complete. Default: nothing. */
  readonly onAbort?: (error: PlatformError) => void;
}

const smallPieceBytes = 16 * 1024;
const noBytes: Uint8Array = new Uint8Array(0);

/** Collects at most `maxBytes`. */
export function wholeBody(maxBytes: number, handlers: WholeBodyHandlers): BodyConsumer {
  return new WholeBody(maxBytes, handlers);
}

class WholeBody implements BodyConsumer {
  readonly #maxBytes: number;
  readonly #handlers: WholeBodyHandlers;
  /**
   * The latest piece is kept as a view, earlier small ones as copies: nobody writes to the socket's read buffers again, but a view keeps all
   * 64 KiB of one alive, which a peer that sends byte by byte would make use of.
   */
  readonly #pieces: Uint8Array[] = [];
  #sizeBytes = 0;

  constructor(maxBytes: number, handlers: WholeBodyHandlers) {
    this.#maxBytes = maxBytes;
    this.#handlers = handlers;
  }

  onData(chunk: Uint8Array): void {
    if (this.#sizeBytes > this.#maxBytes) return;
    this.#sizeBytes += chunk.length;
    if (this.#sizeBytes <= this.#maxBytes) {
      this.#copySmall();
      this.#pieces.push(chunk);
      return;
    }
    this.#pieces.length = 0;
    const details = { what: "The request body", current: `${this.#sizeBytes} bytes`, limit: `${this.#maxBytes} bytes` };
    this.#handlers.onTooLarge(failure("LIMIT_EXCEEDED", details));
  }

  #copySmall(): void {
    const last = this.#pieces.length - 1;
    const piece = this.#pieces[last];
    if (piece && piece.length < smallPieceBytes) this.#pieces[last] = new Uint8Array(piece);
  }

  onEnd(): void {
    if (this.#sizeBytes > this.#maxBytes) return;
    const [first = noBytes] = this.#pieces;
    this.#handlers.onBody(this.#pieces.length > 1 ? Buffer.concat(this.#pieces) : first);
  }

  onAbort(error: PlatformError): void {
    this.#handlers.onAbort?.(error);
  }
}
