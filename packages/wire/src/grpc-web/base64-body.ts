/** Reads bodies of `application/grpc-web-text`: base64 that is cut anywhere, and padded wherever its sender flushed. */
import { failure, type PlatformError } from "@modelyard/core";
import type { BodyConsumer } from "../message/exchange.ts";

/** Characters that stand for three bytes. */
const groupLength = 4;

/** Hands on what base64 stands for. */
export class Base64Body implements BodyConsumer {
  readonly isOpenEnded: boolean;
  readonly #consumer: BodyConsumer;
  readonly #onBroken: (error: PlatformError) => void;
  /** The beginning of a group. */
  #rest = "";
  #isOver = false;

  /** `onBroken` is called, after the consumer was told, when the body is not base64. */
  constructor(consumer: BodyConsumer, onBroken: (error: PlatformError) => void) {
    this.#consumer = consumer;
    this.#onBroken = onBroken;
    this.isOpenEnded = consumer.isOpenEnded ?? false;
  }

  onData(chunk: Uint8Array): void {
    if (this.#isOver) return;
    const text = this.#rest + Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString("latin1");
    const end = text.length - (text.length % groupLength);
    this.#rest = text.slice(end);
    const bytes = decode(text.slice(0, end));
    if (!bytes) this.#break();
    else if (bytes.length > 0) this.#consumer.onData(bytes);
  }

  onEnd(): void {
    if (this.#isOver) return;
    if (this.#rest === "") this.#consumer.onEnd();
    else this.#break();
  }

  onDropped(): void {
    if (!this.#isOver) this.#consumer.onDropped?.();
  }

  onAbort(error: PlatformError): void {
    if (!this.#isOver) this.#consumer.onAbort(error);
  }

  #break(): void {
    const error = failure("GRPC_MALFORMED", { problem: "the body is not base64" });
    this.#isOver = true;
    this.#consumer.onAbort(error);
    this.#onBroken(error);
  }
}

/** The bytes of whole groups, any of which may be padded; undefined when they are not base64. */
function decode(text: string): Uint8Array | undefined {
  const bytes = Buffer.allocUnsafe((text.length / groupLength) * 3);
  let size = 0;
  for (let at = 0; at < text.length; ) {
    const padding = text.indexOf("=", at);
    const end = padding === -1 ? text.length : padding - (padding % groupLength) + groupLength;
    const padded = paddingOf(text, end);
    const expected = ((end - at) / groupLength) * 3 - padded;
    // Characters that are none of base64's are skipped, and then there is less than there should be.
    if (padded > 2 || bytes.write(text.slice(at, end), size, "base64") !== expected) return undefined;
    size += expected;
    at = end;
  }
  return bytes.subarray(0, size);
}

/** How many of the last characters before `end` are padding. */
function paddingOf(text: string, end: number): number {
  let count = 0;
  while (count < groupLength && text[end - 1 - count] === "=") count++;
  return count;
}
