/** Reads bodies of HTTP/1.1 requests, by length or chunked (RFC 9112 §6, §7.1), from input that is cut anywhere. */
import { type Field, FieldList, type Fields } from "../message/fields.ts";
import { type BodyFraming, parseFieldLines } from "./head-parser.ts";

/** Takes the body. */
export interface BodySink {
  onData(chunk: Buffer): void;
  onEnd(trailers: Fields | undefined): void;
}

/** A body that breaks the framing. Caught by the connection, which answers and closes. */
export class BodyFault extends Error {
  readonly status: number;

  constructor(status: number, problem: string) {
    super(problem);
    this.status = status;
  }
}

/** Reads one body. */
export interface BodyReader {
  /** Takes from `input` at `at` what belongs to the body; returns the position after it. Throws `BodyFault`. */
  read(input: Buffer, at: number): number;
  readonly isDone: boolean;
  /** Bytes that must still come; infinite when unknown. */
  readonly leftBytes: number;
}

/** A reader for a framing. `maxTrailerBytes` also limits a chunk's size line, and the extensions of all chunks. */
export function bodyReader(framing: BodyFraming, maxTrailerBytes: number, sink: BodySink): BodyReader {
  return framing.kind === "length" ? new LengthReader(framing.sizeBytes, sink) : new ChunkedReader(maxTrailerBytes, sink);
}

class LengthReader implements BodyReader {
  readonly #sink: BodySink;
  leftBytes: number;
  isDone = false;

  constructor(sizeBytes: number, sink: BodySink) {
    this.leftBytes = sizeBytes;
    this.#sink = sink;
  }

  read(input: Buffer, at: number): number {
    const end = Math.min(input.length, at + this.leftBytes);
    this.leftBytes -= end - at;
    this.isDone = this.leftBytes === 0;
    if (end > at) this.#sink.onData(at === 0 && end === input.length ? input : input.subarray(at, end));
    if (this.isDone) this.#sink.onEnd(undefined);
    return end;
  }
}

/** Size and extensions, which are ignored but must be well formed (RFC 9112 §7.1.1). Each part begins with a character that no other ends with: linear. */
const sizeLine =
  /^([0-9a-fA-F]{1,12})(?:[ \t]*;[ \t]*[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:[ \t]*=[ \t]*(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+|"(?:[\t !#-[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"))?)*$/;
/** Fields that decide how a message is framed, routed, authenticated or read must be known before its body (RFC 9110 §6.5.1). */
const neverInTrailers: ReadonlySet<string> = new Set([
  "authorization",
  "connection",
  "content-encoding",
  "content-length",
  "content-range",
  "content-type",
  "cookie",
  "expect",
  "host",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
const carriageReturn = 13;
const lineFeed = 10;

/** Where in the coding the reader is: `data` has `#chunkLeft` bytes to go, `dataEnd` is the line end after them. */
type ChunkedState = "size" | "data" | "dataEnd" | "trailer";

class ChunkedReader implements BodyReader {
  readonly #maxLineBytes: number;
  readonly #sink: BodySink;
  #state: ChunkedState = "size";
  #line = "";
  #chunkLeft = 0;
  #extensionBytes = 0;
  readonly #trailerLines: string[] = [];
  #trailerBytes = 0;
  isDone = false;
  readonly leftBytes: number = Number.POSITIVE_INFINITY;

  constructor(maxLineBytes: number, sink: BodySink) {
    this.#maxLineBytes = maxLineBytes;
    this.#sink = sink;
  }

  read(input: Buffer, start: number): number {
    let at = start;
    while (at < input.length && !this.isDone) at = this.#state === "data" ? this.#readData(input, at) : this.#readLine(input, at);
    return at;
  }

  #readData(input: Buffer, at: number): number {
    const end = Math.min(input.length, at + this.#chunkLeft);
    this.#chunkLeft -= end - at;
    if (this.#chunkLeft === 0) this.#state = "dataEnd";
    this.#sink.onData(input.subarray(at, end));
    return end;
  }

  #readLine(input: Buffer, at: number): number {
    const feed = input.indexOf(lineFeed, at);
    const end = feed === -1 ? input.length : feed + 1;
    this.#line += input.toString("latin1", at, end);
    if (this.#line.length > this.#maxLineBytes) throw new BodyFault(431, "chunk size line or trailers too long");
    if (feed === -1) return end;
    const line = this.#line;
    if (line.charCodeAt(line.length - 2) !== carriageReturn) throw new BodyFault(400, "line of the chunked coding ends without CR");
    this.#line = "";
    this.#takeLine(line.slice(0, -2));
    return end;
  }

  #takeLine(line: string): void {
    if (this.#state === "size") this.#takeSize(line);
    else if (this.#state === "trailer") this.#takeTrailer(line);
    else if (line === "") this.#state = "size";
    else throw new BodyFault(400, "chunk longer than its size");
  }

  #takeSize(line: string): void {
    const parts = sizeLine.exec(line);
    if (!parts) throw new BodyFault(400, "invalid chunk size");
    const digits = parts[1] ?? "0";
    this.#extensionBytes += line.length - digits.length;
    if (this.#extensionBytes > this.#maxLineBytes) throw new BodyFault(431, "chunk extensions too large");
    this.#chunkLeft = Number.parseInt(digits, 16);
    this.#state = this.#chunkLeft === 0 ? "trailer" : "data";
  }

  #takeTrailer(line: string): void {
    if (line === "") {
      this.isDone = true;
      this.#sink.onEnd(this.#trailers());
      return;
    }
    this.#trailerBytes += line.length + 2;
    if (this.#trailerBytes > this.#maxLineBytes) throw new BodyFault(431, "trailers too large");
    this.#trailerLines.push(line);
  }

  #trailers(): Fields | undefined {
    if (this.#trailerLines.length === 0) return undefined;
    const fields: readonly Field[] | string = parseFieldLines(this.#trailerLines);
    if (typeof fields === "string") throw new BodyFault(400, `trailers: ${fields}`);
    const misplaced = fields.find(([name]) => neverInTrailers.has(name));
    if (misplaced) throw new BodyFault(400, `trailers: "${misplaced[0]}" belongs into the head`);
    return new FieldList(fields);
  }
}
