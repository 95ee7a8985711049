/**
 * One HTTP/2 connection, both roles (RFC 9113): says what each frame means for the connection and its streams, answers SETTINGS and PING,
 * ends streams and the connection on faults. What opens a stream and what its head means is the business of the role on top (server session,
 * client session).
 */
import { type Clock, failure, type PlatformError } from "@modelyard/core";
import { HpackEncoder } from "../hpack/encoder.ts";
import { FloodGuard, type FloodLimits } from "./flood-guard.ts";
import { FrameDispatcher, type FrameSink } from "./frame-dispatcher.ts";
import type { Frame } from "./frame-reader.ts";
import { FrameWriter } from "./frame-writer.ts";
import type { HeaderBlock, HeaderLimits } from "./header-reader.ts";
import { type ErrorCodeName, errorCodeName, frameFlag, Http2Fault } from "./protocol.ts";
import { applySettings, initialPeerSettings, type PeerSettings } from "./settings.ts";
import { malformedError, resetError } from "./stream-errors.ts";
import { StreamIds } from "./stream-ids.ts";
import { type StreamLimits, StreamTable, type StreamTableDeps } from "./stream-table.ts";

/** Limits of a session. */
export interface SessionLimits extends HeaderLimits, FloodLimits, StreamLimits {}

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
export interface SessionDeps extends Pick<StreamTableDeps, "outbox" | "role" | "budget"> {
  readonly clock: Clock;
  readonly limits: SessionLimits;
  /** The peer in messages: `the client`, an address. */
  readonly peerName: string;
}

/** An HTTP/2 connection. */
export class Http2Session implements FrameSink {
  readonly writer: FrameWriter;
  readonly encoder: HpackEncoder = new HpackEncoder();
  readonly streams: StreamTable;
  readonly peer: PeerSettings = initialPeerSettings();
  readonly guard: FloodGuard;
  readonly ids: StreamIds;
  readonly #deps: SessionDeps;
  readonly #hooks: SessionHooks;
  readonly #frames: FrameDispatcher;
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
    const { writer, ids } = this;
    this.streams = new StreamTable({ ...deps, writer, ids, onGone: () => hooks.onStreamGone() });
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
    this.streams.receive.open();
  }

  /** Takes what the socket read. */
  receive(chunk: Buffer): void {
    if (this.#isOver) return;
    this.streams.beginBatch();
    try {
      this.#frames.read(chunk);
    } catch (error) {
      if (!(error instanceof Http2Fault)) throw error;
      this.fail(error);
    }
    this.streams.endBatch();
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
    this.streams.abortAbove(0, error);
  }

  onStreamFault(fault: Http2Fault): void {
    this.guard.countReset();
    const stream = this.streams.get(fault.streamId);
    if (stream) this.streams.abort(stream, fault.code, malformedError(this.#deps, fault.message));
    else this.streams.refuse(fault.streamId, fault.code);
  }

  onData(frame: Frame, data: Buffer): void {
    const { streamId } = frame;
    const stream = this.streams.get(streamId);
    this.streams.receive.received(frame.payload.length, stream);
    if (!stream) {
      this.guard.countControl();
      return this.ids.refuseLate(streamId, "stream");
    }
    if (stream.isRemoteClosed) throw new Http2Fault("STREAM_CLOSED", "DATA after the end of the stream", streamId);
    stream.receivedBytes += data.length;
    // Taken before the receiver runs: it may cause other frames to be read from the one reused object.
    const endsStream = (frame.flags & frameFlag.endStream) !== 0;
    if (data.length > 0) stream.receiver.onData(data);
    if (endsStream) this.streams.remoteEnd(stream);
    else this.streams.receive.grant(stream);
  }

  onBlock(streamId: number, block: HeaderBlock, endsStream: boolean): void {
    const stream = this.streams.get(streamId);
    if (stream) {
      if (stream.isRemoteClosed) throw new Http2Fault("STREAM_CLOSED", "HEADERS after the end of the stream");
      stream.receiver.onHeaders(block, endsStream);
    } else this.#openStream(streamId, block);
    const opened = stream ?? this.streams.get(streamId);
    if (opened && endsStream) this.streams.remoteEnd(opened);
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
    const stream = this.streams.get(streamId);
    if (!stream) return this.guard.countControl();
    // A stream that was waited for is given up, as by a deadline; only those reset as soon as they are opened are a flood.
    if (!stream.wasSwept) this.guard.countReset();
    this.streams.end(stream, resetError(this.#deps, code));
  }

  onSettings(payload: Buffer): void {
    const windowBefore = this.peer.initialWindowBytes;
    applySettings(payload, this.peer);
    this.writer.maxFrameBytes = Math.min(this.peer.maxFrameBytes, maxSentFrameBytes);
    this.encoder.limitTable(this.peer.headerTableBytes);
    this.writer.settingsAck();
    this.streams.moveWindows(this.peer.initialWindowBytes - windowBefore);
    this.#hooks.onSettings();
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
    if (streamId === 0) return this.streams.send.growConnection(increment);
    const stream = this.streams.get(streamId);
    if (stream) this.streams.send.growStream(stream, increment);
  }
}

/** Frames larger than this gain nothing. */
const maxSentFrameBytes = 64 * 1024;
