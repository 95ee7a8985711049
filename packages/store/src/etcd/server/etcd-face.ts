/** The etcd v3 API over a store: decides by path which method answers an exchange. */
import { type Clock, type Log, PlatformError } from "@modelyard/core";
import {
  type BodyConsumer,
  type Exchange,
  type GrpcCall,
  type GrpcStreamingOptions,
  type GrpcUnaryOptions,
  grpcStreaming,
  grpcUnary,
  type RequestHandler,
} from "@modelyard/wire";
import type { Store } from "../../contract.ts";
import { maxRequestBytes } from "../../request-checks.ts";
import { statusOf } from "../protocol/etcd-error.ts";
import { methods } from "../protocol/methods.ts";
import { KeepAliveStream } from "./keep-alive-stream.ts";
import { type UnaryMethod, unaryMethods } from "./unary-methods.ts";
import { WatchStream } from "./watch-stream.ts";

/** Options of {@link etcdFace}. */
export interface EtcdFaceOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Answers every other path. Default: UNIMPLEMENTED. */
  readonly otherwise?: RequestHandler;
}

/** Room for the largest transaction and what protobuf adds to it. */
const maxMessageBytes = maxRequestBytes + 524_288;

/** The face of one store. */
export interface EtcdFace {
  /** Speaks the KV, Watch and Lease services, and Maintenance.Status. */
  readonly handle: RequestHandler;
  /** Ends every stream as UNAVAILABLE, so that a server can be drained: clients go on elsewhere, or here later. */
  endStreams(): void;
}

/** Makes the face of a store, which stays open when the server that uses it is closed. */
export function etcdFace(store: Store, options: EtcdFaceOptions): EtcdFace {
  const { clock, log } = options;
  const streams = new Set<GrpcCall>();
  const tracked = (call: GrpcCall): StreamEnd => {
    streams.add(call);
    return () => streams.delete(call);
  };
  const unary = new Map<string, GrpcUnaryOptions>();
  for (const [path, method] of unaryMethods(store)) {
    unary.set(path, { clock, maxMessageBytes, onCall: (call, message) => void answer(call, { method, message, log }) });
  }
  const streaming = new Map<string, GrpcStreamingOptions>([
    [methods.watch, { clock, maxMessageBytes, onCall: (call) => new WatchStream(store, call, tracked(call)) }],
    [methods.leaseKeepAlive, { clock, maxMessageBytes, onCall: (call) => new KeepAliveStream(store, call, tracked(call)) }],
  ]);
  const unknown: GrpcUnaryOptions = { clock, maxMessageBytes, onCall: refuseUnknown };
  const otherwise = options.otherwise ?? ((exchange: Exchange): BodyConsumer => grpcUnary(exchange, unknown));
  const handle: RequestHandler = (exchange) => {
    const { path } = exchange.head;
    const unaryOptions = unary.get(path);
    if (unaryOptions) return grpcUnary(exchange, unaryOptions);
    const streamingOptions = streaming.get(path);
    return streamingOptions ? grpcStreaming(exchange, streamingOptions) : otherwise(exchange);
  };
  const endStreams = (): void => {
    for (const call of streams) call.finish("UNAVAILABLE", "The store is being closed");
    streams.clear();
  };
  return { handle, endStreams };
}

type StreamEnd = () => void;

interface Answering {
  readonly method: UnaryMethod;
  readonly message: Uint8Array;
  readonly log: Log;
}

async function answer(call: GrpcCall, { method, message, log }: Answering): Promise<void> {
  const cancelled = new AbortController();
  call.onCancel((error) => cancelled.abort(error));
  try {
    // The message is valid during this turn only, the store may look at it later.
    call.respond(await method(new Uint8Array(message), { signal: cancelled.signal }));
  } catch (error) {
    if (call.isOver) return;
    const known = PlatformError.from(error);
    if (known.reason === "INTERNAL") log.error("A request to the store failed", error, { path: call.path });
    const { code, message: text } = statusOf(known);
    call.finish(code, text);
  }
}

function refuseUnknown(call: GrpcCall): void {
  call.finish("UNIMPLEMENTED", `The method "${call.path}" is not supported by this store`);
}
