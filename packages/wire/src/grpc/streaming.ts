/** Streaming gRPC calls on the server: any number of messages in and out. */
import type { PlatformError } from "@modelyard/core";
import type { BodyConsumer, Exchange } from "../message/exchange.ts";
import { IncomingMessages } from "./incoming-messages.ts";
import { type GrpcCall, type GrpcOptions, ignoredBody, refusesNonGrpc, ServerCall } from "./server-call.ts";

/** Receives the client's messages. */
export interface GrpcMessageHandlers {
  /** Each message in order, valid during the call only: copy what is kept. */
  onMessage(message: Uint8Array): void;
  /** The client sends no more. Not called when it cancels: see `call.onCancel`. */
  onEnd(): void;
  /** What the client sends cannot be read any further; the call was ended with the status of the error. Default: nothing. */
  onBroken?(error: PlatformError): void;
}

/** How streaming calls are answered. */
export interface GrpcStreamingOptions extends GrpcOptions {
  readonly onCall: (call: GrpcCall) => GrpcMessageHandlers;
}

/** Takes a streaming call over; return what it returns from the request handler. */
export function grpcStreaming(exchange: Exchange, options: GrpcStreamingOptions): BodyConsumer {
  if (refusesNonGrpc(exchange)) return ignoredBody;
  const call = new ServerCall(exchange, options.clock);
  return new IncomingMessages(call, options.onCall(call), { maxMessageBytes: options.maxMessageBytes, isOpenEnded: true });
}
