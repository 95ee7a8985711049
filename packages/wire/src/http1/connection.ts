/**
 * An HTTP/1.1 connection of a server (RFC 9112). Requests are answered one after the other; what a client sends ahead waits, at most
 * `maxReadAheadBytes` of it, and the next request is looked at only when the answer before it is on its way.
 *
 * Invariant: `#exchange` is the one request being received or answered; a new head is read only when it is undefined.
 *
 * Hot path. Budget: 1 µs a request; the head comes from the memo of heads, the body is a view of what was read.
 */
import { failure, type PlatformError } from "@modelyard/core";
import type { ConnectionInfo } from "../message/exchange.ts";
import type { Field } from "../message/fields.ts";
import { refusal } from "../message/refusal.ts";
import { type ConnectionDriver, clientLost, type ServerContext } from "../server/connection-driver.ts";
import { buffersFull } from "../socket/buffer-budget.ts";
import { OutputWatch } from "../socket/output-watch.ts";
import { bodyFaults, outputFaults, TransferWatch } from "../socket/transfer-watch.ts";
import type { Transport } from "../socket/transport.ts";
import { BodyFault, type BodyReader, bodyReader } from "./body-reader.ts";
import { Http1Exchange } from "./exchange.ts";
import type { ParsedHead } from "./head-parser.ts";
import { HeadReader } from "./head-reader.ts";

const maxReadAheadBytes = 64 * 1024;
/** Output waiting at the socket beyond which writers are told to wait and no further request is looked at. */
const outputHighWaterBytes = 256 * 1024;
/** Unread body up to this size is read and dropped so that the connection can be kept; beyond it the connection is closed. */
const maxDroppedBytes = 1024 * 1024;
const noBytes: Buffer = Buffer.alloc(0);

/** A connection. */
export class Http1Connection implements ConnectionDriver {
  readonly info: ConnectionInfo;
  readonly context: ServerContext;
  readonly #transport: Transport;
  readonly #heads: HeadReader;
  #input: Buffer = noBytes;
  #exchange: Http1Exchange | undefined;
  #body: BodyReader | undefined;
  #isProcessing = false;
  #isBodyPaused = false;
  #isInputPaused = false;
  #isLast = false;
  #isRetiring = false;
  /** The request that is answered is the client's last: it must send no other (RFC 9112 §9.6). */
  #isClientDone = false;
  #hasPeerEnded = false;
  /** The client waits for our word before it sends the body; answered now, nobody knows whether it will (RFC 9110 §10.1.1). */
  #awaitsContinue = false;
  /** When the first byte of the head that is being received came, or the connection. */
  #headSinceMs: number;
  readonly #outputWatch: OutputWatch;
  readonly #bodyWatch: TransferWatch;
  #receivedBytes = 0;

  constructor(transport: Transport, context: ServerContext, info: ConnectionInfo) {
    this.#transport = transport;
    this.context = context;
    this.info = info;
    this.#heads = new HeadReader(context.limits, context.sharedHeads);
    this.#headSinceMs = context.clock.monotonicMs();
    this.#outputWatch = new OutputWatch(transport.outbox, this.#headSinceMs);
    this.#bodyWatch = new TransferWatch(this.#headSinceMs);
  }

  get inFlight(): number {
    return this.#exchange ? 1 : 0;
  }

  /** Whether answers must announce that the connection is closed after them. */
  get isLast(): boolean {
    return (
      this.#isLast || this.#awaitsContinue || (this.#body !== undefined && !this.#body.isDone && this.#body.leftBytes > maxDroppedBytes)
    );
  }

  get hasRoom(): boolean {
    return this.#transport.outbox.backlogBytes < outputHighWaterBytes;
  }

  /** Writes text of a head or framing. */
  writeText(text: string): void {
    this.#transport.outbox.appendText(text);
  }

  /** Writes body; what exceeds the limit on output ends the exchange, unless the client has kept up so far. */
  writeBytes(bytes: Uint8Array): void {
    const { outbox } = this.#transport;
    const keptUp = this.hasRoom;
    outbox.append(bytes);
    const limit = this.context.limits.maxOutputBytes;
    if (keptUp || outbox.backlogBytes <= limit) return;
    this.#abort(failure("LIMIT_EXCEEDED", { what: "Output waiting for the peer", current: outbox.backlogBytes, limit }));
  }

  /** The answer is complete. */
  answered(): void {
    if (this.isLast) this.#isLast = true;
    if (this.#body && !this.#body.isDone && !this.#isLast) {
      this.setBodyPaused(false);
      return;
    }
    this.#nextRequest();
  }

  /** Ends the connection amid an exchange. */
  reset(): void {
    this.#exchange = undefined;
    this.#transport.destroy();
  }

  setBodyPaused(isPaused: boolean): void {
    this.#isBodyPaused = isPaused;
    this.#updateReading();
  }

  onData(chunk: Buffer): void {
    this.#receivedBytes += chunk.length;
    if (this.#input.length === 0) {
      this.#input = chunk;
      this.#headSinceMs = this.#transport.readMs;
    } else this.#input = Buffer.concat([this.#input, chunk]);
    this.#process();
  }

  /** Most clients that end their side are gone. What is answered at once still is, and an answer under way is finished; nothing is waited for. */
  onPeerEnd(): void {
    this.#hasPeerEnded = true;
    this.#process();
  }

  onClosed(why: string): void {
    this.#exchange?.abort(clientLost(why));
    this.#exchange = undefined;
  }

  onDrain(): void {
    if (!this.hasRoom) return;
    this.#exchange?.onWritable();
    this.#process();
  }

  retire(): void {
    this.#isRetiring = true;
    if (this.#exchange && !this.#exchange.isStarted) this.#isLast = true;
  }

  drain(): void {
    this.#isLast = true;
    if (!this.#exchange) this.#transport.close();
  }

  sweep(nowMs: number): void {
    const { limits } = this.context;
    if (this.#exchange) this.#headSinceMs = nowMs;
    else if (this.#input.length > 0 && nowMs - this.#headSinceMs > limits.headTimeoutMs)
      this.#refuse(408, "the head was not completed in time");
    else if (nowMs - Math.max(this.#headSinceMs, this.#transport.readMs) > limits.idleTimeoutMs) this.#transport.close();
    const output = this.#outputWatch.look(nowMs, limits);
    if (output) this.#timeOut(outputFaults[output]);
    this.#sweepBody(nowMs);
  }

  #sweepBody(nowMs: number): void {
    const expectsBody = this.#exchange === undefined || this.#exchange.expectsBody;
    const owesBody = expectsBody && this.#body !== undefined && !this.#body.isDone && !this.#isBodyPaused;
    if (!owesBody) this.#bodyWatch.restart(nowMs, this.#receivedBytes);
    const fault = this.#bodyWatch.look(nowMs, this.#receivedBytes, this.context.limits);
    if (fault) this.#timeOut(bodyFaults[fault]);
  }

  #timeOut(what: string): void {
    this.#abort(failure("WIRE_TIMEOUT", { limitMs: this.context.limits.stallTimeoutMs, what }));
  }

  #abort(error: PlatformError): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.abort(error);
    this.#transport.destroy();
  }

  /** Works through the input; calls from within (an answer given in a handler) are left to the loop. */
  #process(): void {
    if (this.#isProcessing) return;
    this.#isProcessing = true;
    let isMoving = true;
    while (isMoving && !this.#transport.isClosing) isMoving = this.#step();
    this.#isProcessing = false;
    if (this.#hasPeerEnded) this.#closeWhenAnswered();
    this.#updateReading();
  }

  #closeWhenAnswered(): void {
    const owesBody = this.#body !== undefined && !this.#body.isDone;
    // A stream of messages may wait for ever for the next one, and its client would not be missed.
    const isFinishing = this.#exchange?.isStarted && this.#exchange.expectsBody;
    if (isFinishing && !owesBody) return;
    if (!this.#exchange && !this.hasRoom) return;
    this.#exchange?.abort(clientLost(owesBody ? "it ended within a request" : "it ended before its answer was ready"));
    this.#exchange = undefined;
    this.#transport.close();
  }

  /** One head or piece of body; `false` when more input or the answer must come first. */
  #step(): boolean {
    if (this.#body && !this.#body.isDone) return this.#input.length > 0 && this.#readBody(this.#body);
    if (this.#exchange || !this.hasRoom) return false;
    if (this.#isLast) {
      this.#transport.close();
      return false;
    }
    return this.#input.length > 0 && this.#readHead();
  }

  #readBody(body: BodyReader): boolean {
    try {
      this.#consume(body.read(this.#input, 0));
    } catch (error) {
      if (!(error instanceof BodyFault)) throw error;
      this.#refuse(error.status, error.message);
      return false;
    }
    if (body.isDone && this.#exchange?.isOver) this.#nextRequest();
    return true;
  }

  #consume(bytes: number): void {
    if (bytes > 0) this.#input = bytes === this.#input.length ? noBytes : this.#input.subarray(bytes);
  }

  #readHead(): boolean {
    const head = this.#heads.read(this.#input);
    this.#consume(this.#heads.takenBytes);
    if (head?.kind === "refused") return this.#refuse(head.status, head.problem);
    return head !== undefined && this.#begin(head);
  }

  #begin(parsed: ParsedHead): boolean {
    if (this.context.buffers.isExhausted) return this.#refuseForMemory();
    // What is left of the input may be the beginning of the next head.
    this.#headSinceMs = this.#transport.readMs;
    if (!parsed.keepsAlive) this.#isClientDone = true;
    if (!parsed.keepsAlive || this.#isRetiring) this.#isLast = true;
    const exchange = new Http1Exchange(this, parsed);
    const body = bodyReader(parsed.body, this.context.limits.maxHeaderBytes, exchange);
    this.#exchange = exchange;
    this.#body = body;
    const hasBody = body.leftBytes > 0;
    this.#awaitsContinue = hasBody && parsed.expectsContinue;
    exchange.begin();
    if (this.#exchange !== exchange) return true;
    if (!hasBody) body.read(noBytes, 0);
    else if (this.#awaitsContinue) this.#continue();
    if (exchange.isOver && !hasBody && this.#exchange === exchange) this.#nextRequest();
    return true;
  }

  #continue(): void {
    this.#awaitsContinue = false;
    if (!this.#transport.isClosing) this.writeText("HTTP/1.1 100 Continue\r\n\r\n");
  }

  #nextRequest(): void {
    const owesBody = this.#body !== undefined && !this.#body.isDone && this.#body.leftBytes > 0;
    this.#exchange = undefined;
    this.#body = undefined;
    this.#isBodyPaused = false;
    if (this.#isLast) this.#transport.close(this.#isClientDone && !owesBody && this.#input.length === 0);
    else if (!this.#isProcessing) this.#process();
  }

  /** Answers what is not a request, and closes. */
  #refuse(status: number, problem: string): false {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    const isAnswering = exchange?.isStarted ?? false;
    const error = failure("WIRE_MALFORMED", { problem });
    exchange?.abort(error);
    if (!isAnswering && status > 0) this.#writeRefusal(status, error);
    this.#transport.close();
    return false;
  }

  #refuseForMemory(): false {
    this.#writeRefusal(503, buffersFull(this.context.buffers), [["retry-after", "1"]]);
    this.#transport.close();
    return false;
  }

  #writeRefusal(status: number, error: PlatformError, fields: readonly Field[] = []): void {
    const { head, body: text = "" } = refusal(status, error, fields);
    const body = Buffer.from(text);
    this.writeText(`${head.http1Text}connection: close\r\ncontent-length: ${body.length}\r\n\r\n`);
    this.#transport.outbox.append(body);
  }

  #updateReading(): void {
    const isFull = this.#input.length > maxReadAheadBytes;
    const mustPause = isFull || this.#isBodyPaused;
    if (mustPause === this.#isInputPaused || this.#transport.isClosing) return;
    this.#isInputPaused = mustPause;
    if (mustPause) this.#transport.pause();
    else this.#transport.resume();
  }
}
