/** Unary gRPC calls on the server: one message in, one out. */
import { failure, type Timer } from "@modelyard/core";
import type { BodyConsumer, Exchange } from "../message/exchange.ts";
import { type IncomingHandlers, IncomingMessages } from "./incoming-messages.ts";
import { type GrpcCall, type GrpcOptions, ignoredBody, refusesNonGrpc, ServerCall } from "./server-call.ts";

/** How unary calls are answered; build it once and use it for every call. */
export interface GrpcUnaryOptions extends GrpcOptions {
  /** Answers a call, as soon as its message is complete. The message is valid during the call only: copy what is kept. */
  readonly onCall: (call: GrpcCall, message: Uint8Array) => void;
}

/** Takes a unary call over; return what it returns from the request handler. */
export function grpcUnary(exchange: Exchange, options: GrpcUnaryOptions): BodyConsumer {
  if (refusesNonGrpc(exchange)) return ignoredBody;
  const call = new ServerCall(exchange, options.clock);
  const message = new OneMessage(call, options);
  // Most have come when what was read with their head is dealt with, and need no timer.
  if (call.deadlineMs !== undefined) queueMicrotask(() => message.expect());
  return new IncomingMessages(call, message, { maxMessageBytes: options.maxMessageBytes, isOpenEnded: false });
}

/** A client that sends none, or another one before it is answered, gets INTERNAL, as from grpc-go. */
class OneMessage implements IncomingHandlers {
  readonly #call: ServerCall;
  readonly #options: GrpcUnaryOptions;
  #hasCome = false;
  #timer: Timer | undefined;

  constructor(call: ServerCall, options: GrpcUnaryOptions) {
    this.#call = call;
    this.#options = options;
  }

  /** Ends the call at its deadline if the message has not come by then; from there on the deadline is the handler's. */
  expect(): void {
    const { clock } = this.#options;
    const { deadlineMs } = this.#call;
    if (this.#hasCome || this.#call.isOver || deadlineMs === undefined) return;
    const limitMs = Math.max(deadlineMs - clock.monotonicMs(), 0);
    const expire = (): void => this.#call.fail(failure("DEADLINE_EXCEEDED", { what: "Sending the message", limitMs: Math.round(limitMs) }));
    this.#timer = clock.setTimer(limitMs, expire, { background: true });
  }

  onDropped(): void {
    this.#timer?.cancel();
  }

  onMessage(message: Uint8Array): void {
    this.#timer?.cancel();
    if (this.#hasCome) throw failure("GRPC_MALFORMED", { problem: "a unary call has one message" });
    this.#hasCome = true;
    this.#options.onCall(this.#call, message);
  }

  onEnd(): void {
    this.#timer?.cancel();
    if (!this.#hasCome) this.#call.fail(failure("GRPC_MALFORMED", { problem: "the message is missing" }));
  }
}
