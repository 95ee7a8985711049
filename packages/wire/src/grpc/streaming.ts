/** Streaming gRPC calls on the server: any number of messages in and out. */
import { failure, PlatformError } from "@modelyard/core";
import type { BodyConsumer, Exchange } from "../message/exchange.ts";
import { decompressorOf } from "./message-encoding.ts";
import { MessageReader } from "./message-framing.ts";
import { type GrpcCall, type GrpcOptions, ignoredBody, refusesNonGrpc, ServerCall } from "./server-call.ts";

/** Receives the client's messages. */
export interface GrpcMessageHandlers {
  /** Each message in order, valid during the call only: copy what is kept. */
  onMessage(message: Uint8Array): void;
  /** The client sends no more. Not called when it cancels: see `call.onCancel`. */
  onEnd(): void;
}

/** How streaming calls are answered. */
export interface GrpcStreamingOptions extends GrpcOptions {
  readonly onCall: (call: GrpcCall) => GrpcMessageHandlers;
}

/** Takes a streaming call over; return what it returns from the request handler. */
export function grpcStreaming(exchange: Exchange, options: GrpcStreamingOptions): BodyConsumer {
  if (refusesNonGrpc(exchange)) return ignoredBody;
  const call = new ServerCall(exchange, options.clock);
  const handlers = options.onCall(call);
  const reader = new MessageReader(options.maxMessageBytes, decompressorOf(call.encoding, options.maxMessageBytes), (message) => {
    if (!call.isOver) handlers.onMessage(message);
  });
  return {
    isOpenEnded: true,
    onData(chunk) {
      if (call.isOver) return;
      try {
        reader.read(chunk);
      } catch (error) {
        if (!PlatformError.is(error)) throw error;
        call.fail(error);
      }
    },
    onEnd() {
      if (reader.isInsideMessage) call.fail(failure("GRPC_MALFORMED", { problem: "the last message is cut short" }));
      else handlers.onEnd();
    },
    onAbort() {
      // The call hears of it through `onCancel`.
    },
  };
}
