/** What those who use a stream are told when the peer ended it, by a fault or a reset. */
import { failure, type PlatformError } from "@modelyard/core";
import { errorCode, errorCodeName } from "./protocol.ts";
import type { Role } from "./stream-ids.ts";

/** Whose stream it is, and the peer in messages. */
export interface StreamErrorContext {
  readonly role: Role;
  readonly peerName: string;
}

/** The peer broke a rule. */
export function malformedError({ role, peerName }: StreamErrorContext, problem: string): PlatformError {
  return role === "server" ? failure("WIRE_MALFORMED", { problem }) : failure("PEER_PROTOCOL", { peer: peerName, problem });
}

/** The peer reset the stream with an error code; the code says whether it had begun on the request (RFC 9113 §8.7). */
export function resetError({ role, peerName }: StreamErrorContext, code: number): PlatformError {
  const why = `stream reset with ${errorCodeName(code)}`;
  if (role === "server") return failure("EXCHANGE_CANCELLED", { why });
  if (code === errorCode.REFUSED_STREAM) return failure("PEER_UNAVAILABLE", { peer: peerName, why });
  if (code === errorCode.ENHANCE_YOUR_CALM) return failure("PEER_OVERLOADED", { peer: peerName, why });
  return failure("CONNECTION_LOST", { peer: peerName, why });
}
