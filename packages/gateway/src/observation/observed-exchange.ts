/**
 * An exchange on its way through the gateway: what the faces get instead of the one of the wire server. It sees the start and the end of each
 * answer, whichever face gives it and however, which is what metrics, access log, limits and CORS need.
 *
 * Hot path: one object a request, and one for its body.
 */
import type { Code, PlatformError } from "@modelyard/core";
import type { Mesh } from "@modelyard/mesh";
import type {
  ConnectionInfo,
  Exchange,
  Protocol,
  RequestHead,
  ResetCode,
  ResponseHead,
  ResponseStream,
  Trailers,
  WholeResponse,
} from "@modelyard/wire";
import type { Admission } from "../authentication/gatekeeper.ts";
import type { HeadMemo } from "../routing/head-memo.ts";
import { type ModelReference, type ResolvedModel, resolveModel } from "../routing/model-reference.ts";
import { codeOfAnswer, reasonOfAnswer } from "./answer-outcome.ts";

/** Who is told of what happens to an exchange. */
export interface ExchangeObserver {
  /** The head an answer goes out with. */
  headOf(exchange: ObservedExchange, head: ResponseHead): ResponseHead;
  /** The answer is complete, or there will be none. Called once. */
  ended(exchange: ObservedExchange, end: ExchangeEnd): void;
}

/** How an exchange ended. */
export interface ExchangeEnd {
  /** HTTP status; 499 when the exchange ended before its answer did. */
  readonly status: number;
  readonly code: Code | "OK";
  readonly reason: string | undefined;
}

const givenUp = { code: "CANCELLED", reason: "EXCHANGE_CANCELLED" } as const;
/** Status of an exchange that ended without an answer. */
const withoutAnswer = 499;

/** What is known when an exchange begins. */
export interface ExchangeStart {
  readonly memo: HeadMemo;
  /** What was decided about its credentials; undefined: nobody is asked for any. */
  readonly admission: Admission | undefined;
  /** On the monotonic clock. */
  readonly startedMs: number;
}

/** An exchange that is observed. */
export class ObservedExchange implements Exchange, ResponseStream {
  readonly head: RequestHead;
  readonly protocol: Protocol;
  readonly memo: HeadMemo;
  readonly admission: Admission | undefined;
  readonly startedMs: number;
  /** Bytes of the body that came so far. */
  bytesIn = 0;
  /** Bytes of the answer's body. */
  bytesOut = 0;
  /** Whether the observer was told of the end. */
  hasEnded = false;
  /** The model that the messages of a call name; that of a REST request is in its memo. */
  reference: ModelReference | undefined = undefined;
  /** The revision that answers a call. */
  resolved: ResolvedModel | undefined = undefined;
  readonly #inner: Exchange;
  readonly #observer: ExchangeObserver;
  #stream: ResponseStream | undefined;
  #head: ResponseHead | undefined;
  #onAbort: ((error: PlatformError) => void) | undefined;
  #isWatched = false;

  constructor(inner: Exchange, observer: ExchangeObserver, start: ExchangeStart) {
    this.#inner = inner;
    this.#observer = observer;
    this.head = inner.head;
    this.protocol = inner.protocol;
    this.memo = start.memo;
    this.admission = start.admission;
    this.startedMs = start.startedMs;
  }

  get connection(): ConnectionInfo {
    return this.#inner.connection;
  }

  get isOver(): boolean {
    return this.#inner.isOver;
  }

  respond(response: WholeResponse): void {
    if (this.#inner.isOver) return;
    const { head, body, trailers } = response;
    const sent = this.#observer.headOf(this, head);
    if (body !== undefined) this.bytesOut = typeof body === "string" ? Buffer.byteLength(body) : body.length;
    this.#inner.respond(sent === head ? response : { ...response, head: sent });
    this.#end(head, trailers);
  }

  start(head: ResponseHead): ResponseStream {
    this.#head = head;
    this.#stream = this.#inner.start(this.#observer.headOf(this, head));
    return this;
  }

  write(chunk: Uint8Array): boolean {
    this.bytesOut += chunk.length;
    return this.#stream?.write(chunk) ?? true;
  }

  onDrain(callback: () => void): void {
    this.#stream?.onDrain(callback);
  }

  end(trailers?: Trailers): void {
    this.#stream?.end(trailers);
    if (this.#head) this.#end(this.#head, trailers);
  }

  onAbort(callback: (error: PlatformError) => void): void {
    this.#onAbort = callback;
    this.watch();
  }

  reset(code?: ResetCode): void {
    this.#inner.reset(code);
    this.endWithoutAnswer();
  }

  pauseBody(): void {
    this.#inner.pauseBody();
  }

  resumeBody(): void {
    this.#inner.resumeBody();
  }

  /** Watches for the client's going away; not needed for what was answered at once. */
  watch(): void {
    if (this.#isWatched || this.hasEnded) return;
    this.#isWatched = true;
    this.#inner.onAbort((error) => {
      this.#onAbort?.(error);
      this.endWithoutAnswer(error);
    });
  }

  /** Ends the observation of an exchange that was given up. Default: by its sender. */
  endWithoutAnswer({ code, reason }: Pick<PlatformError, "code" | "reason"> = givenUp): void {
    this.#tell({ status: withoutAnswer, code, reason });
  }

  #end(head: ResponseHead, trailers: Trailers | undefined): void {
    const code = codeOfAnswer(this.memo.isGrpc, head, trailers);
    this.#tell({ status: head.status, code, reason: code === "OK" ? undefined : reasonOfAnswer(head, trailers) });
  }

  #tell(end: ExchangeEnd): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.#observer.ended(this, end);
  }
}

/** Finds the revision that answers a call, as `resolveModel`, and tells who observes the exchange. */
export function resolveObserved(exchange: Exchange, mesh: Mesh, reference: ModelReference): ResolvedModel {
  if (!(exchange instanceof ObservedExchange)) return resolveModel(mesh, reference);
  exchange.reference = reference;
  const resolved = resolveModel(mesh, reference);
  exchange.resolved = resolved;
  return resolved;
}
