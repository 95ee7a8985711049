/** A gRPC server for tests: `/test.Echo/Unary` echoes, `/test.Echo/Stream` echoes each message, `/test.Echo/Fail` fails, `/test.Echo/Hang` waits. */
import { type Clock, failure } from "@modelyard/core";
import type { GrpcCall } from "../grpc/server-call.ts";
import { grpcStreaming } from "../grpc/streaming.ts";
import { grpcUnary } from "../grpc/unary.ts";
import type { RequestHandler } from "../message/exchange.ts";

/** What the test wants to see of its calls. */
export interface GrpcEchoOptions {
  readonly clock: Clock;
  /** Default 16 MiB. */
  readonly maxMessageBytes?: number;
  readonly onCall?: (call: GrpcCall) => void;
}

/** Handler of the server. */
export function grpcEcho(options: GrpcEchoOptions): RequestHandler {
  const { clock, maxMessageBytes = 16 * 1024 * 1024, onCall } = options;
  const limits = { clock, maxMessageBytes };
  const unary = {
    ...limits,
    onCall(call: GrpcCall, message: Uint8Array): void {
      onCall?.(call);
      answer(call, message);
    },
  };
  const streaming = {
    ...limits,
    onCall(call: GrpcCall) {
      onCall?.(call);
      call.onDrain(() => call.resume());
      return {
        onMessage(message: Uint8Array): void {
          if (!call.send(new Uint8Array(message))) call.pause();
        },
        onEnd: () => call.finish("OK", "", [["x-done", "yes"]]),
      };
    },
  };
  return (exchange) => (exchange.head.path === "/test.Echo/Stream" ? grpcStreaming(exchange, streaming) : grpcUnary(exchange, unary));
}

function answer(call: GrpcCall, message: Uint8Array): void {
  if (call.path === "/test.Echo/Unary") call.respond(new Uint8Array(message));
  else if (call.path === "/test.Echo/Fail") call.finish("NOT_FOUND", "no such thing: 100 % Käse\n", [["x-detail", "d"]]);
  else if (call.path !== "/test.Echo/Hang") call.fail(failure("UNIMPLEMENTED", { what: `The method "${call.path}"` }));
}
