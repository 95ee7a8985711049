/** Unary gRPC calls on the server: one message in, one out. */
import { failure } from "@modelyard/core";
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
  return new IncomingMessages(call, new OneMessage(call, options), { maxMessageBytes: options.maxMessageBytes, isOpenEnded: false });
}

/** A client that sends none, or another one before it is answered, gets INTERNAL, as from grpc-go. */
class OneMessage implements IncomingHandlers {
  readonly #call: ServerCall;
  readonly #options: GrpcUnaryOptions;
  #hasCome = false;

  constructor(call: ServerCall, options: GrpcUnaryOptions) {
    this.#call = call;
    this.#options = options;
  }

  onMessage(message: Uint8Array): void {
    if (this.#hasCome) throw failure("GRPC_MALFORMED", { problem: "a unary call has one message" });
    this.#hasCome = true;
    this.#options.onCall(this.#call, message);
  }

  onEnd(): void {
    if (!this.#hasCome) this.#call.fail(failure("GRPC_MALFORMED", { problem: "the message is missing" }));
  }
}
