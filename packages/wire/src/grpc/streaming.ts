/** Streaming gRPC calls on the server: any number of messages in and out. */
import type { BodyConsumer, Exchange } from "../message/exchange.ts";
import type { GrpcCall, GrpcOptions } from "./server-call.ts";

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
export function grpcStreaming(_exchange: Exchange, _options: GrpcStreamingOptions): BodyConsumer {
  throw new Error("grpcStreaming is being written");
}
