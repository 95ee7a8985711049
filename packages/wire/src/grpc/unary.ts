/** Unary gRPC calls on the server: one message in, one out. */
import type { BodyConsumer, Exchange } from "../message/exchange.ts";
import type { GrpcCall, GrpcOptions } from "./server-call.ts";

/** How unary calls are answered; build it once and use it for every call. */
export interface GrpcUnaryOptions extends GrpcOptions {
  /** Answers a call. The message is valid during the call only: copy what is kept. */
  readonly onCall: (call: GrpcCall, message: Uint8Array) => void;
}

/** Takes a unary call over; return what it returns from the request handler. */
export function grpcUnary(_exchange: Exchange, _options: GrpcUnaryOptions): BodyConsumer {
  throw new Error("grpcUnary is being written");
}
