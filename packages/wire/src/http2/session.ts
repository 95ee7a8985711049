/**
 * One HTTP/2 connection, both roles (RFC 9113): keeps the streams, answers SETTINGS and PING, ends streams and the connection on faults. What opens a stream and what its head means is the business of the role on top (server session, client session).
 *
 * Invariants: every stream in the table ends in exactly one of completion or `onAborted`; nothing is sent on a stream after its end.
 */
import { type Clock, failure, type PlatformError } from "@modelyard/core";
import { HpackEncoder } from "../hpack/encoder.ts";
import type { BufferBudget } from "../socket/buffer-budget.ts";
import type { Outbox } from "../socket/outbox.ts";
import type { TransferLimits } from "../socket/transfer-watch.ts";
import { FloodGuard, type FloodLimits } from "./flood-guard.ts";
import { FrameDispatcher, type FrameSink } from "./frame-dispatcher.ts";
import type { Frame } from "./frame-reader.ts";
import { FrameWriter } from "./frame-writer.ts";
import type { HeaderBlock, HeaderLimits } from "./header-reader.ts";
import { type ErrorCodeName, errorCodeName, frameFlag, Http2Fault, maxWindowBytes } from "./protocol.ts";
import { ReceiveFlow, type WindowLimits } from "./receive-flow.ts";
import { SendFlow } from "./send-flow.ts";
import { applySettings, initialPeerSettings, type PeerSettings } from "./settings.ts";
import { Http2Stream, type StreamReceiver } from "./stream.ts";
import { malformedError, resetError } from "./stream-errors.ts";
import { type Role, StreamIds } from "./stream-ids.ts";
import { StreamSweep } from "./stream-sweep.ts";

/** Limits of a session. */
export interface SessionLimits extends HeaderLimits, WindowLimits, FloodLimits, TransferLimits {
  readonly maxOutputBytes: number;
}

/** What a session leaves to its role. */
export interface SessionHooks {
  /** The peer opens a stream. */
  onOpen(streamId: number, block: HeaderBlock): void;
  onGoAway(lastStreamId: number, code: string): void;
  onSettings(): void;
  /** The peer sent a PING, which is about to be answered. */
  onPing(): void;
  /** A stream has ended, however. */
  onStreamGone(): void;
  /** The connection cannot go on; GOAWAY was written. */
  onFault(fault: Http2Fault): void;
}

/** What a session works with. */
export interface SessionDeps {
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly limits: SessionLimits;
  readonly role: Role;
  /** The peer in messages: `the client`, an address. */
  readonly peerName: string;
  /** Told of the bodies that wait for windows of the peer. Default: nobody is. */
  readonly budget?: BufferBudget;
}

/** An HTTP/2 connection. */
export class Http2Session implements FrameSink {
  readonly writer: FrameWriter;
  readonly encoder: HpackEncoder = new HpackEncoder();
  readonly send: SendFlow;
  readonly peer: PeerSettings = initialPeerSettings();
  readonly guard: FloodGuard;
  readonly ids: StreamIds;
  readonly #deps: SessionDeps;
  readonly #hooks: SessionHooks;
  readonly #frames: FrameDispatcher;
  readonly #receive: ReceiveFlow;
  readonly #sweep: StreamSweep;
  readonly #streams = new Map<number, Http2Stream>();
  /** Streams answered while their request was still coming in, looked at when the read batch is through. */
  readonly #answeredEarly: Http2Stream[] = [];
  #isReceiving = false;
  #windowUpdates = 0;
  #isOver = false;
  #unacknowledgedPing: (() => void) | undefined;

  constructor(deps: SessionDeps, hooks: SessionHooks) {
    this.#deps = deps;
    this.#hooks = hooks;
    this.ids = new StreamIds(deps.role);
    this.writer = new FrameWriter(deps.outbox, this.peer.maxFrameBytes);
    this.guard = new FloodGuard(deps.clock, deps.limits);
    this.#frames = new FrameDispatcher(this, this.guard, deps.limits);
    this.#receive = new ReceiveFlow(this.writer, deps.limits);
    this.#sweep = new StreamSweep(deps.limits, deps.clock.monotonicMs());
    this.send = new SendFlow({
      outbox: deps.outbox,
      writer: this.writer,
      onLocalEnd: (stream) => this.localEnd(stream),
      budget: deps.budget,
    });
  }

  get streamCount(): number {
    return this.#streams.size;
  }

  get hasSettings(): boolean {
    return this.#frames.hasSettings;
  }

  /** Whether the peer owes the rest of a frame or header block. */
  get isInsideHead(): boolean {
    return this.#frames.isInsideHead;
  }

  /** Sends our SETTINGS and the connection's window. */
  open(settings: readonly (readonly [id: number, value: number])[]): void {
    this.writer.settings(settings);
    this.#receive.open();
  }

  /** Takes what the socket read. */
  receive(chunk: Buffer): void {
    if (this.#isOver) return;
    this.#isReceiving = true;
    try {
      this.#frames.read(chunk);
    } catch (error) {
      if (!(error instanceof Http2Fault)) throw error;
      this.fail(error);
    }
    this.#isReceiving = false;
    this.#stopAnswered();
  }

  /** Puts a stream into the table. */
  addStream(streamId: number, receiver: StreamReceiver): Http2Stream {
    const windows = { send: this.peer.initialWindowBytes, receive: this.#deps.limits.streamWindowBytes };
    const stream = new Http2Stream(streamId, windows, receiver);
    this.#streams.set(streamId, stream);
    return stream;
  }

  /** Body for a stream; `false` when some of it waits. What exceeds the connection's limit on output resets the stream. */
  write(stream: Http2Stream, chunk: Uint8Array): boolean {
    const before = this.send.queuedBytes;
    const isSent = this.send.write(stream, chunk);
    if (!isSent && before > 0) this.#limitOutput(stream);
    return isSent;
  }

  /** The last of the body of a stream, with the same limit. */
  writeLast(stream: Http2Stream, chunk: Uint8Array): void {
    const before = this.send.queuedBytes;
    this.send.writeLast(stream, chunk);
    if (before > 0) this.#limitOutput(stream);
  }

  #limitOutput(stream: Http2Stream): void {
    if (this.send.queuedBytes <= this.#deps.limits.maxOutputBytes) return;
    const details = { what: "Output waiting for the peer", current: this.send.queuedBytes, limit: this.#deps.limits.maxOutputBytes };
    this.reset(stream, "ENHANCE_YOUR_CALM");
    // Whoever writes is in the middle of it: told when it is through.
    queueMicrotask(() => stream.receiver.onAborted(failure("LIMIT_EXCEEDED", details)));
  }

  /** Stops or goes on granting window to a stream. */
  setPaused(stream: Http2Stream, isPaused: boolean): void {
    stream.isPaused = isPaused;
    if (!isPaused && this.#streams.has(stream.id)) this.#receive.grant(stream);
  }

  /** Resets a stream of our own accord; its receiver hears nothing. */
  reset(stream: Http2Stream, code: ErrorCodeName): void {
    if (!this.#streams.has(stream.id)) return;
    this.writer.reset(stream.id, code);
    this.#remove(stream, "reset");
  }

  /** Resets a stream and tells its receiver why. */
  abort(stream: Http2Stream, code: ErrorCodeName, error: PlatformError): void {
    if (!this.#streams.has(stream.id)) return;
    this.reset(stream, code);
    stream.receiver.onAborted(error);
  }

  /** Refuses a stream that is not in the table. */
  refuse(streamId: number, code: ErrorCodeName): void {
    this.writer.reset(streamId, code);
    this.ids.closed(streamId, "reset");
  }

  /** Sends a PING; only one is on its way at a time. */
  ping(onAnswer: () => void): void {
    this.#unacknowledgedPing = onAnswer;
    this.writer.ping(Buffer.alloc(8), false);
  }

  /** Says which streams were taken, and why no more are; `reason` is for whoever debugs the peer. */
  goAway(code: ErrorCodeName, reason = ""): void {
    this.writer.goAway(this.ids.lastPeers, code, reason);
  }

  /** Ends the connection for a fault of the peer. */
  fail(fault: Http2Fault): void {
    if (this.#isOver) return;
    this.goAway(fault.code, fault.message);
    this.end(failure("CONNECTION_LOST", { peer: this.#deps.peerName, why: fault.message }));
    this.#hooks.onFault(fault);
  }

  /** Aborts every stream; nothing is received any more. */
  end(error: PlatformError): void {
    this.#isOver = true;
    this.#frames.stop();
    this.abortAbove(0, error);
  }

  /** Aborts the streams above an id, without RST_STREAM: the peer does not know them, or is gone. */
  abortAbove(lastStreamId: number, error: PlatformError): void {
    for (const stream of this.#streams.values()) {
      if (stream.id <= lastStreamId) continue;
      this.#remove(stream, "ended");
      stream.receiver.onAborted(error);
    }
  }

  /**
   * Aborts the streams that cannot be completed now that the peer sends nothing more: those not answered to the end, and those whose answer
   * needs more window than was granted.
   */
  abortUnfinishable(error: PlatformError): void {
    let budgetBytes = this.send.windowBytes;
    for (const stream of this.#streams.values()) {
      const fits = stream.endIsQueued && stream.queuedBytes <= Math.min(stream.sendWindow, budgetBytes);
      if (fits) budgetBytes -= stream.queuedBytes;
      else if (!stream.isLocalClosed) this.abort(stream, "CANCEL", error);
    }
  }

  /** Resets the streams whose peer does not send what it owes, or read what waits, in time. */
  sweep(nowMs: number): void {
    const limitMs = this.#deps.limits.stallTimeoutMs;
    for (const { stream, what } of this.#sweep.overdue(this.#streams.values(), this.send, nowMs)) {
      this.abort(stream, "CANCEL", failure("WIRE_TIMEOUT", { limitMs, what }));
    }
  }

  onStreamFault(fault: Http2Fault): void {
    this.guard.countReset();
    const stream = this.#streams.get(fault.streamId);
    if (stream) this.abort(stream, fault.code, malformedError(this.#deps, fault.message));
    else this.refuse(fault.streamId, fault.code);
  }

  onData(frame: Frame, data: Buffer): void {
    const { streamId } = frame;
    const stream = this.#streams.get(streamId);
    this.#receive.received(frame.payload.length, stream);
    if (!stream) {
      this.guard.countControl();
      return this.ids.refuseLate(streamId, "stream");
    }
    if (stream.isRemoteClosed) throw new Http2Fault("STREAM_CLOSED", "DATA after the end of the stream", streamId);
    stream.receivedBytes += data.length;
    // Taken before the receiver runs: it may cause other frames to be read from the one reused object.
    const endsStream = (frame.flags & frameFlag.endStream) !== 0;
    if (data.length > 0) stream.receiver.onData(data);
    if (endsStream) this.#remoteEnd(stream);
    else this.#receive.grant(stream);
  }

  onBlock(streamId: number, block: HeaderBlock, endsStream: boolean): void {
    const stream = this.#streams.get(streamId);
    if (stream) {
      if (stream.isRemoteClosed) throw new Http2Fault("STREAM_CLOSED", "HEADERS after the end of the stream");
      stream.receiver.onHeaders(block, endsStream);
    } else this.#openStream(streamId, block);
    const opened = stream ?? this.#streams.get(streamId);
    if (opened && endsStream) this.#remoteEnd(opened);
  }

  #openStream(streamId: number, block: HeaderBlock): void {
    const isPeers = this.ids.isPeers(streamId);
    if (!isPeers && this.#deps.role === "server") throw new Http2Fault("PROTOCOL_ERROR", `stream ${streamId} is not the client's to open`);
    if (!isPeers || streamId <= this.ids.lastPeers) {
      this.guard.countControl();
      return this.ids.refuseLate(streamId, "connection");
    }
    this.ids.lastPeers = streamId;
    this.#hooks.onOpen(streamId, block);
  }

  onReset(streamId: number, code: number): void {
    if (this.ids.isIdle(streamId)) throw new Http2Fault("PROTOCOL_ERROR", "RST_STREAM on an idle stream");
    const stream = this.#streams.get(streamId);
    if (!stream) return this.guard.countControl();
    // A stream that was waited for is given up, as by a deadline; only those reset as soon as they are opened are a flood.
    if (!stream.wasSwept) this.guard.countReset();
    this.#remove(stream, "ended");
    stream.receiver.onAborted(resetError(this.#deps, code));
  }

  onSettings(payload: Buffer): void {
    const windowBefore = this.peer.initialWindowBytes;
    applySettings(payload, this.peer);
    this.writer.maxFrameBytes = Math.min(this.peer.maxFrameBytes, maxSentFrameBytes);
    this.encoder.limitTable(this.peer.headerTableBytes);
    this.writer.settingsAck();
    this.#moveWindows(this.peer.initialWindowBytes - windowBefore);
    this.#hooks.onSettings();
  }

  /** A change of the initial window moves the window of every stream; beyond the largest window it ends the connection (§6.9.2). */
  #moveWindows(change: number): void {
    if (change === 0) return;
    for (const stream of this.#streams.values()) {
      if (stream.sendWindow + change > maxWindowBytes) throw new Http2Fault("FLOW_CONTROL_ERROR", "stream window too large");
      this.send.growStream(stream, change);
    }
  }

  onPing(payload: Buffer, isAck: boolean): void {
    if (!isAck) {
      this.#hooks.onPing();
      this.writer.ping(payload, true);
      return;
    }
    const onAnswer = this.#unacknowledgedPing;
    this.#unacknowledgedPing = undefined;
    onAnswer?.();
  }

  onGoAway(lastStreamId: number, code: number): void {
    this.#hooks.onGoAway(lastStreamId, errorCodeName(code));
  }

  onWindowUpdate(streamId: number, increment: number): void {
    if (streamId !== 0 && this.ids.isIdle(streamId)) throw new Http2Fault("PROTOCOL_ERROR", "WINDOW_UPDATE on an idle stream");
    // One for the stream and one for the connection is what a frame of DATA may cause.
    if (++this.#windowUpdates > 2 * this.writer.dataFrames) this.guard.countControl();
    if (increment === 0) throw new Http2Fault("PROTOCOL_ERROR", "WINDOW_UPDATE of 0", streamId);
    if (streamId === 0) return this.send.growConnection(increment);
    const stream = this.#streams.get(streamId);
    if (stream) this.send.growStream(stream, increment);
  }

  /** Our side of a stream has ended. */
  localEnd(stream: Http2Stream): void {
    stream.isLocalClosed = true;
    if (stream.isRemoteClosed) this.#remove(stream, "ended");
    else if (this.#deps.role === "server") {
      this.#answeredEarly.push(stream);
      if (!this.#isReceiving) this.#stopAnswered();
    }
  }

  /** Asks peers to stop sending requests that are answered already (§8.1). */
  #stopAnswered(): void {
    if (this.#answeredEarly.length === 0) return;
    for (const stream of this.#answeredEarly) this.reset(stream, "NO_ERROR");
    this.#answeredEarly.length = 0;
  }

  #remoteEnd(stream: Http2Stream): void {
    stream.isRemoteClosed = true;
    this.#receive.settle(stream);
    stream.receiver.onEnd();
    if (stream.isLocalClosed) this.#remove(stream, "ended");
  }

  #remove(stream: Http2Stream, ending: "reset" | "ended"): void {
    if (!this.#streams.delete(stream.id)) return;
    this.ids.closed(stream.id, ending);
    stream.isLocalClosed = true;
    stream.isRemoteClosed = true;
    this.send.drop(stream);
    this.#receive.settle(stream);
    this.#hooks.onStreamGone();
  }
}

/** Frames larger than this gain nothing. */
const maxSentFrameBytes = 64 * 1024;
