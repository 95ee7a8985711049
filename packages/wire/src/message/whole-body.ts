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

const noBytes: Uint8Array = new Uint8Array(0);

/** Collects at most `maxBytes`. */
export function wholeBody(maxBytes: number, handlers: WholeBodyHandlers): BodyConsumer {
  let single: Uint8Array | undefined;
  let copies: Uint8Array[] | undefined;
  let size = 0;
  let isTooLarge = false;
  return {
    onData(chunk) {
      if (isTooLarge) return;
      size += chunk.length;
      if (size > maxBytes) {
        isTooLarge = true;
        copies = undefined;
        single = undefined;
        handlers.onTooLarge(failure("LIMIT_EXCEEDED", { what: "The request body", current: `${size} bytes`, limit: `${maxBytes} bytes` }));
        return;
      }
      if (copies) copies.push(chunk.slice());
      else copies = [chunk.slice()];
    },
    onEnd() {
      if (isTooLarge) return;
      handlers.onBody(single ?? (copies ? Buffer.concat(copies) : noBytes));
    },
    onAbort(error) {
      handlers.onAbort?.(error);
    },
  };
}
