/**
 * The client's side of one HTTP/2 connection. Requests may be made before the connection stands: they wait for the peer's SETTINGS, since only
 * those say how many it takes at once, and those beyond that limit wait for their turn.
 */
import type { Socket } from "node:net";
import { failure, type PlatformError, type Timer } from "@modelyard/core";
import { preface } from "../http2/protocol.ts";
import { Http2Session } from "../http2/session.ts";
import { settingId } from "../http2/settings.ts";
import { BufferPool } from "../socket/buffer-pool.ts";
import { FlushQueue } from "../socket/flush-queue.ts";
import { Transport, type TransportHandler } from "../socket/transport.ts";
import { TurnShare } from "../socket/turn-share.ts";
import { ClientStream } from "./client-stream.ts";
import { type PeerReceiver, type PeerRequest, PeerRequestHead, type PeerStream, requestFields } from "./contract.ts";
import type { ResolvedPeerOptions } from "./options.ts";
import { openSocket } from "./peer-socket.ts";

/** What a session tells its peer. */
export interface ClientSessionHooks {
  /** The peer answered with its SETTINGS. */
  onReady(): void;
  /** No new request may be made here. */
  onRetired(): void;
  /** The connection is gone. */
  onClosed(why: string): void;
  /** A request is over. */
  onRequestOver(): void;
}

/** One connection fills one at a time, and a further one where its peer is slow to read. */
const maxSpareOutputBuffers = 2;
/** Stream ids end at 2^31 - 1; a new connection is made well before. */
const lastUsableStreamId = 2 ** 30;

/** One connection. */
export class ClientSession implements TransportHandler {
  readonly #options: ResolvedPeerOptions;
  readonly #hooks: ClientSessionHooks;
  readonly #socket: Socket;
  readonly #transport: Transport;
  readonly #session: Http2Session;
  readonly #waiting: ClientStream[] = [];
  #nextStreamId = 1;
  #isReady = false;
  #isRetired = false;
  #isGone = false;
  #connectTimer: Timer | undefined;
  #keepAlive: Timer | undefined;
  #why: PlatformError | undefined;

  constructor(options: ResolvedPeerOptions, hooks: ClientSessionHooks) {
    this.#options = options;
    this.#hooks = hooks;
    const { clock } = options;
    this.#socket = openSocket(options);
    this.#transport = new Transport(
      this.#socket,
      {
        clock,
        pool: new BufferPool(maxSpareOutputBuffers),
        queue: new FlushQueue({ endOfTurn: options.tls !== undefined }),
        turns: new TurnShare(clock),
      },
      this,
    );
    const deps = { outbox: this.#transport.outbox, clock, limits: options.limits, role: "client", peerName: options.name } as const;
    this.#session = new Http2Session(deps, {
      onOpen: () => {},
      onGoAway: (lastStreamId, code) => this.#onGoAway(lastStreamId, code),
      onSettings: () => this.#onSettings(),
      onPing: () => {},
      onStreamGone: () => this.#onStreamGone(),
      onFault: () => this.#transport.closeSoon(),
    });
    this.#transport.outbox.append(preface);
    this.#session.open([
      [settingId.enablePush, 0],
      [settingId.initialWindowSize, options.limits.streamWindowBytes],
      [settingId.maxHeaderListSize, options.limits.maxHeaderBytes],
    ]);
    const what = `no connection within ${options.connectTimeoutMs} ms`;
    this.#connectTimer = clock.setTimer(options.connectTimeoutMs, () => this.#giveUp(this.#unavailable(what)), { background: true });
  }

  get isReady(): boolean {
    return this.#isReady && !this.#isRetired;
  }

  request(request: PeerRequest, receiver: PeerReceiver): PeerStream {
    const stream = new ClientStream(this.#session, request, { receiver, onOver: () => this.#hooks.onRequestOver() });
    this.#waiting.push(stream);
    this.#openWaiting();
    this.#keepAlive ??= this.#watch();
    return stream;
  }

  /** Takes no further request; closes when those made are over. */
  retire(): void {
    if (this.#isRetired) return;
    this.#isRetired = true;
    this.#hooks.onRetired();
    this.#closeWhenIdle();
  }

  destroy(error: PlatformError): void {
    this.#giveUp(error);
  }

  onData(chunk: Buffer): void {
    this.#session.receive(chunk);
  }

  onPeerEnd(): void {
    this.retire();
    this.#transport.closeSoon();
    this.#session.end(this.#lost("the peer closed the connection"));
  }

  onDrain(): void {
    this.#session.streams.send.pump();
  }

  onClosed(why: string): void {
    this.#isGone = true;
    this.#isRetired = true;
    this.#connectTimer?.cancel();
    this.#keepAlive?.cancel();
    const error = this.#why ?? (this.#isReady ? this.#lost(why) : this.#unavailable(why));
    this.#session.end(error);
    for (const stream of this.#waiting.splice(0)) stream.onAborted(this.#why ?? this.#unavailable(why));
    this.#hooks.onClosed(why);
  }

  #onSettings(): void {
    if (!this.#isReady) {
      this.#isReady = true;
      this.#connectTimer?.cancel();
      this.#hooks.onReady();
    }
    this.#openWaiting();
  }

  #onGoAway(lastStreamId: number, code: string): void {
    const refused = this.#unavailable(`it closes the connection (${code})`);
    this.retire();
    for (const stream of this.#waiting.splice(0)) stream.onAborted(refused);
    this.#session.streams.abortAbove(lastStreamId, refused);
    this.#closeWhenIdle();
  }

  #onStreamGone(): void {
    this.#openWaiting();
    this.#closeWhenIdle();
  }

  #closeWhenIdle(): void {
    if (this.#isRetired && this.#session.streams.size === 0 && this.#waiting.length === 0) this.#transport.closeSoon();
  }

  #openWaiting(): void {
    while (this.#isReady && this.#waiting.length > 0 && this.#session.streams.size < this.#session.peer.maxConcurrentStreams) {
      const stream = this.#waiting.shift();
      if (!stream || stream.isOver) continue;
      const streamId = this.#nextStreamId;
      this.#nextStreamId += 2;
      this.#session.ids.lastOwn = streamId;
      stream.open(streamId, this.#encode(stream.request));
      if (streamId >= lastUsableStreamId) this.retire();
    }
  }

  #encode(request: PeerRequest): Buffer {
    const { head, extraFields } = request;
    const { encoder } = this.#session;
    const isPrepared = head instanceof PeerRequestHead && !encoder.mustAnnounceSize && this.#hasRightScheme(head);
    if (isPrepared && !extraFields) return head.http2Block;
    encoder.begin();
    if (!isPrepared) {
      const init = head instanceof PeerRequestHead ? head.init : head;
      for (const [name, value] of requestFields(init, this.#options)) encoder.add(name, value);
    }
    for (const [name, value] of extraFields ?? []) encoder.addVolatile(name, value);
    return isPrepared ? Buffer.concat([head.http2Block, encoder.end()]) : encoder.end();
  }

  /** A head that names no scheme was prepared for a peer without TLS. */
  #hasRightScheme(head: PeerRequestHead): boolean {
    return head.init.scheme !== undefined || head.scheme === this.#options.scheme;
  }

  /** While requests are in flight, asks a silent peer whether it is still there. */
  #watch(): Timer {
    const { clock, keepAliveMs, keepAliveTimeoutMs } = this.#options;
    const look = (): void => {
      this.#keepAlive = undefined;
      if (this.#isGone || this.#session.streams.size + this.#waiting.length === 0) return;
      const silentMs = clock.monotonicMs() - this.#transport.readMs;
      this.#session.streams.sweep(clock.monotonicMs());
      if (silentMs < keepAliveMs || !this.#isReady) {
        this.#keepAlive = clock.setTimer(Math.max(keepAliveMs - silentMs, keepAliveMs / 4), look, { background: true });
        return;
      }
      this.#keepAlive = clock.setTimer(keepAliveTimeoutMs, () => this.#giveUp(this.#lost("it does not answer a PING")), {
        background: true,
      });
      this.#session.ping(() => {
        this.#keepAlive?.cancel();
        this.#keepAlive = clock.setTimer(keepAliveMs, look, { background: true });
      });
    };
    return clock.setTimer(keepAliveMs, look, { background: true });
  }

  #giveUp(error: PlatformError): void {
    this.#why ??= error;
    this.retire();
    this.#transport.destroy();
  }

  #lost(why: string): PlatformError {
    return failure("CONNECTION_LOST", { peer: this.#options.name, why });
  }

  #unavailable(why: string): PlatformError {
    return failure("PEER_UNAVAILABLE", { peer: this.#options.name, why });
  }
}
