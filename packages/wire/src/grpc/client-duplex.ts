/** Streaming gRPC calls to a peer. */
import type { Peer } from "../peer/peer.ts";
import type { GrpcCallOptions } from "./client-call.ts";

/** A streaming call. Iterate `messages` once; the peer is stopped by flow control while nobody reads. */
export interface GrpcDuplex {
  /** Sends a message; resolves when there is room for another. Rejects when the call is over. */
  send(message: Uint8Array): Promise<void>;
  /** Says that no more messages follow. */
  end(): void;
  /** The peer's messages (owned by the reader); ends with status OK, throws on any other. Leaving the loop cancels the call. */
  readonly messages: AsyncIterableIterator<Uint8Array>;
  cancel(): void;
}

/** Opens a streaming call. */
export function grpcDuplex(_peer: Peer, _path: string, _options: GrpcCallOptions = {}): GrpcDuplex {
  throw new Error("grpcDuplex is being written");
}
