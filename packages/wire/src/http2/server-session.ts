/**
 * The server's side of an HTTP/2 connection.
 *
 * Hot path. Budget: 0.3 µs a request.
 */
import { failure } from "@modelyard/core";
import type { ConnectionInfo } from "../message/exchange.ts";
import { reasonField } from "../message/refusal.ts";
import { responseHead } from "../message/response-head.ts";
import { type ConnectionDriver, clientLost, type ServerContext } from "../server/connection-driver.ts";
import { OutputWatch } from "../socket/output-watch.ts";
import { outputFaults } from "../socket/transfer-watch.ts";
import type { Transport } from "../socket/transport.ts";
import type { HeaderBlock } from "./header-reader.ts";
import { KeepAlive } from "./keep-alive.ts";
import { PingPolicy } from "./ping-policy.ts";
import { Http2Fault, preface } from "./protocol.ts";
import { RequestReader } from "./request-reader.ts";
import { Http2Exchange, type Http2ExchangeDeps } from "./server-exchange.ts";
import { Http2Session } from "./session.ts";
import { settingId } from "./settings.ts";

/** Without a body, as there is no stream yet whose window it would have to keep to. */
const headTooLarge = responseHead(431, [[reasonField, "WIRE_MALFORMED"]]);

/** Output beyond the streams' bodies that a peer which does not read can make us keep: answers to its control frames, heads. */
const maxControlBacklogBytes = 1024 * 1024;

/** An HTTP/2 connection of a server. */
export class ServerSession implements ConnectionDriver {
  readonly #requests = new RequestReader();
  readonly #transport: Transport;
  readonly #context: ServerContext;
  readonly #session: Http2Session;
  readonly #deps: Http2ExchangeDeps;
  #prefaceLeft = preface.length;
  #isDraining = false;
  #headSinceMs: number;
  #activeMs: number;
  readonly #output: OutputWatch;
  readonly #keepAlive: KeepAlive;
  readonly #pings: PingPolicy;

  constructor(transport: Transport, context: ServerContext, connection: ConnectionInfo) {
    this.#transport = transport;
    this.#context = context;
    const { clock, limits, buffers: budget } = context;
    this.#activeMs = clock.monotonicMs();
    this.#headSinceMs = this.#activeMs;
    this.#output = new OutputWatch(transport.outbox, this.#activeMs);
    const deps = { outbox: transport.outbox, clock, limits, budget, role: "server", peerName: "the client" } as const;
    this.#session = new Http2Session(deps, {
      onOpen: (streamId, block) => this.#onOpen(streamId, block),
      onGoAway: () => this.drain(),
      onSettings: () => {},
      onPing: () => this.#pings.onPing(clock.monotonicMs(), this.inFlight),
      onStreamGone: () => this.#onStreamGone(),
      onFault: (fault) => this.#onFault(fault),
    });
    this.#keepAlive = new KeepAlive(limits, () => this.#session.ping(() => {}));
    this.#pings = new PingPolicy(limits.minPingIntervalMs);
    this.#deps = { session: this.#session, context, connection };
    this.#session.open([
      [settingId.maxConcurrentStreams, limits.maxConcurrentStreams],
      [settingId.initialWindowSize, limits.streamWindowBytes],
      [settingId.maxHeaderListSize, limits.maxHeaderBytes],
    ]);
  }

  get inFlight(): number {
    return this.#session.streams.size;
  }

  onData(chunk: Buffer): void {
    const skip = Math.min(this.#prefaceLeft, chunk.length);
    this.#prefaceLeft -= skip;
    if (skip < chunk.length) this.#session.receive(skip === 0 ? chunk : chunk.subarray(skip));
    if (this.#transport.outbox.backlogBytes > maxControlBacklogBytes) this.#transport.pause();
  }

  onPeerEnd(): void {
    // The client is gone, or at least cannot grant windows any more: what is answered is sent as far as it fits, nothing is waited for.
    this.drain();
    const { streams } = this.#session;
    if (streams.size > 0) streams.abortUnfinishable(clientLost("it ended before its answer was ready"));
  }

  onClosed(why: string): void {
    this.#session.end(clientLost(why));
  }

  onDrain(): void {
    this.#session.streams.send.pump();
    this.#transport.resume();
  }

  retire(): void {
    this.drain();
  }

  drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    this.#session.goAway("NO_ERROR");
    this.#closeWhenIdle();
  }

  sweep(nowMs: number): void {
    this.#session.streams.sweep(nowMs);
    const { limits } = this.#context;
    if (!this.#owesHead()) this.#headSinceMs = nowMs;
    if (nowMs - this.#headSinceMs > limits.headTimeoutMs) this.#fail("the head of a request was not completed in time");
    if (this.inFlight > 0) this.#activeMs = nowMs;
    else if (nowMs - this.#activeMs > limits.idleTimeoutMs) this.drain();
    const fault = this.#output.look(nowMs, limits);
    if (fault) this.#cutOff(limits.stallTimeoutMs, outputFaults[fault]);
    if (this.#keepAlive.isGone(nowMs, this.#transport.readMs)) this.#cutOff(limits.keepaliveTimeoutMs, "it does not answer a PING");
  }

  #cutOff(limitMs: number, what: string): void {
    this.#session.end(failure("WIRE_TIMEOUT", { limitMs, what }));
    this.#transport.destroy();
  }

  #owesHead(): boolean {
    return !this.#session.hasSettings || this.#session.isInsideHead;
  }

  #fail(problem: string): void {
    this.#session.fail(new Http2Fault("ENHANCE_YOUR_CALM", problem));
  }

  #onOpen(streamId: number, block: HeaderBlock): void {
    this.#activeMs = this.#transport.readMs;
    this.#pings.onRequest();
    const { limits } = this.#context;
    if (this.#isDraining || this.#session.streams.size >= limits.maxConcurrentStreams) {
      // Not counted as a fault below the announced limit: the client may not have seen it yet.
      this.#session.guard.countReset();
      this.#session.streams.refuse(streamId, "REFUSED_STREAM");
      return;
    }
    if (this.#context.buffers.isExhausted) {
      this.#session.streams.refuse(streamId, "ENHANCE_YOUR_CALM");
      return;
    }
    if (block.isTooLarge) {
      this.#session.writer.headers(streamId, headTooLarge.http2Block, true);
      this.#session.streams.refuse(streamId, "NO_ERROR");
      return;
    }
    new Http2Exchange(this.#deps, streamId, this.#requests.read(block, streamId)).begin();
  }

  #onStreamGone(): void {
    if (this.#isDraining) this.#closeWhenIdle();
  }

  #closeWhenIdle(): void {
    if (this.#session.streams.size === 0) this.#transport.close();
  }

  #onFault(fault: Http2Fault): void {
    this.#context.log.debug("HTTP/2 connection ended for a fault of the client", { code: fault.code, problem: fault.message });
    this.#transport.close();
  }
}
