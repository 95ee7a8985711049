/** Unary gRPC calls on the server: one message in, one out. */
import { failure, PlatformError } from "@modelyard/core";
import type { BodyConsumer, Exchange } from "../message/exchange.ts";
import { decompressorOf } from "./message-encoding.ts";
import { MessageReader } from "./message-framing.ts";
import { type GrpcCall, type GrpcOptions, ignoredBody, refusesNonGrpc, ServerCall } from "./server-call.ts";

/** How unary calls are answered; build it once and use it for every call. */
export interface GrpcUnaryOptions extends GrpcOptions {
  /** Answers a call, as soon as its message is complete. The message is valid during the call only: copy what is kept. */
  readonly onCall: (call: GrpcCall, message: Uint8Array) => void;
}

/** Takes a unary call over; return what it returns from the request handler. */
export function grpcUnary(exchange: Exchange, options: GrpcUnaryOptions): BodyConsumer {
  return refusesNonGrpc(exchange) ? ignoredBody : new UnaryConsumer(exchange, options);
}

class UnaryConsumer implements BodyConsumer {
  readonly #call: ServerCall;
  readonly #reader: MessageReader;
  #messages = 0;

  constructor(exchange: Exchange, options: GrpcUnaryOptions) {
    const call = new ServerCall(exchange, options.clock);
    this.#call = call;
    this.#reader = new MessageReader(options.maxMessageBytes, decompressorOf(call.encoding, options.maxMessageBytes), (message) => {
      if (++this.#messages > 1) throw failure("GRPC_MALFORMED", { problem: "a unary call has one message" });
      options.onCall(call, message);
    });
  }

  onData(chunk: Uint8Array): void {
    if (this.#call.isOver) return;
    try {
      this.#reader.read(chunk);
    } catch (error) {
      if (!PlatformError.is(error)) throw error;
      this.#call.fail(error);
    }
  }

  onEnd(): void {
    if (this.#messages === 0) this.#call.fail(failure("GRPC_MALFORMED", { problem: "the message is missing or cut short" }));
    else if (this.#reader.isInsideMessage) this.#call.fail(failure("GRPC_MALFORMED", { problem: "the last message is cut short" }));
  }

  onAbort(): void {
    // The call hears of it through `onCancel`.
  }
}
