/** gRPC calls to a peer: one message each way. */
import type { Field } from "../message/fields.ts";
import type { Peer } from "../peer/contract.ts";
import { defaultMaxMessageBytes, timeLeftMs, watchLimits } from "./call-limits.ts";
import { callReceiver, callRequest } from "./client-receiver.ts";
import { framedMessage } from "./message-framing.ts";
import { rpcFailure } from "./status.ts";

/** What is called, with what. */
export interface GrpcRequest {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly message: Uint8Array;
}

/** Options of a call. */
export interface GrpcCallOptions {
  /** When to give up, on the peer's monotonic clock; sent to the peer as `grpc-timeout`. Absent: no limit. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
  readonly metadata?: readonly Field[];
  /** Largest message that is accepted. Default 16 MiB. */
  readonly maxMessageBytes?: number;
}

/**
 * Calls a unary method. Rejects with `RPC_…` errors that carry the peer's status, with why the call could not be made, with
 * `DEADLINE_EXCEEDED`, or with the signal's reason.
 */
export function grpcCall(peer: Peer, request: GrpcRequest, options: GrpcCallOptions = {}): Promise<Uint8Array> {
  const { path } = request;
  return new Promise((resolve, reject) => {
    if (options.signal?.aborted) {
      reject(options.signal.reason);
      return;
    }
    let answer: Uint8Array | undefined;
    const receiver = callReceiver(path, options.maxMessageBytes ?? defaultMaxMessageBytes, {
      onMessage(message, isOwned) {
        if (answer) throw rpcFailure("INTERNAL", path, "it sent more than one message");
        answer = isOwned ? message : new Uint8Array(message);
      },
      onDone(error) {
        stopWatching();
        if (error) reject(error);
        else if (answer) resolve(answer);
        else reject(rpcFailure("INTERNAL", path, "it sent no message"));
      },
      cancel: () => stream.cancel(),
    });
    const head = { path, metadata: options.metadata, timeoutMs: timeLeftMs(peer, options) };
    const stream = peer.request(callRequest(head, framedMessage(request.message)), receiver);
    const stopWatching = watchLimits(peer, { ...options, path }, (reason) => {
      stream.cancel();
      reject(reason);
    });
  });
}
