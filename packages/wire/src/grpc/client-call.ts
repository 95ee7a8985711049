/** gRPC calls to a peer: one message each way. */
import type { Field } from "../message/fields.ts";
import type { Peer } from "../peer/peer.ts";

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
  /** Largest answer that is accepted. Default 16 MiB. */
  readonly maxMessageBytes?: number;
}

/** Calls a unary method. Rejects with `RPC_…` errors that carry the peer's status, or with why the call could not be made. */
export function grpcCall(_peer: Peer, _request: GrpcRequest, _options: GrpcCallOptions = {}): Promise<Uint8Array> {
  throw new Error("grpcCall is being written");
}
