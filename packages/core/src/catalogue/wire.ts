/**
 * Conditions of `wire`. A call to a peer that ends with a gRPC status fails with the `RPC_` reason of that status, so that reason and code agree.
 */
import type { Code } from "../code.ts";

interface RpcEntry<C extends Code> {
  readonly code: C;
  readonly template: 'The call of "{path}" failed at the peer: {message}';
  readonly retryable: boolean;
  readonly hint: string;
}

type RpcErrors = { readonly [C in Code as `RPC_${C}`]: RpcEntry<C> };

function rpc<C extends Code>(code: C, retryable: boolean): RpcEntry<C> {
  const hint = "See the message, which is the peer's, and its logs";
  return { code, template: 'The call of "{path}" failed at the peer: {message}', retryable, hint };
}

const ownErrors = {
  EXCHANGE_CANCELLED: {
    code: "CANCELLED",
    template: "The request was given up by its sender: {why}",
    retryable: true,
    hint: "Send it again when it is wanted",
  },
  CONNECTION_LOST: {
    code: "UNAVAILABLE",
    template: "The connection to {peer} ended with a request in flight: {why}",
    retryable: false,
    hint: "The request may have had its effect: send it again if doing it twice does no harm",
  },
  PEER_UNAVAILABLE: {
    code: "UNAVAILABLE",
    template: "The peer {peer} did not take the request: {why}",
    retryable: true,
    hint: "Send it again shortly; it had no effect",
  },
  PEER_BUSY: {
    code: "RESOURCE_EXHAUSTED",
    template: "The peer {peer} has {current} requests in flight where at most {limit} are allowed",
    retryable: true,
    hint: "Send less at once, or raise the limit",
  },
  PEER_OVERLOADED: {
    code: "RESOURCE_EXHAUSTED",
    template: "The peer {peer} gave the request up: {why}",
    retryable: true,
    hint: "Send less at once",
  },
  PEER_PROTOCOL: {
    code: "INTERNAL",
    template: "The peer {peer} did not keep to the protocol: {problem}",
    retryable: false,
    hint: "Check that the address is that of the intended server",
  },
  WIRE_MALFORMED: {
    code: "INVALID_ARGUMENT",
    template: "The request is not well formed: {problem}",
    retryable: false,
    hint: "Correct the request; see RFC 9112 and RFC 9113",
  },
  BUFFERS_FULL: {
    code: "UNAVAILABLE",
    template:
      "The server did not take the request: requests and answers on their way take {current} bytes where at most {limit} are allowed",
    retryable: true,
    hint: "Send it again shortly, or raise the limit on memory for buffers",
  },
  WIRE_TIMEOUT: {
    code: "DEADLINE_EXCEEDED",
    template: "The peer made no progress for {limitMs} ms: {what}",
    retryable: true,
    hint: "Send it again over a better connection",
  },
  TLS_CONFIG_INVALID: {
    code: "FAILED_PRECONDITION",
    template: "Loading the TLS configuration failed: {problem}",
    retryable: false,
    hint: "Check the files of certificate, key and client CA, all in PEM; what was loaded before stays in use",
  },
  GRPC_MALFORMED: {
    code: "INTERNAL",
    template: "The gRPC message is not well formed: {problem}",
    retryable: false,
    hint: "Use a gRPC client library",
  },
  GRPC_COMPRESSION: {
    code: "UNIMPLEMENTED",
    template: 'Messages compressed with "{encoding}" are not supported: expected "gzip", "deflate" or "identity"',
    retryable: false,
    hint: "Compress with gzip or deflate, or switch compression off in the client",
  },
} as const;

const rpcErrors: RpcErrors = {
  RPC_CANCELLED: rpc("CANCELLED", true),
  RPC_UNKNOWN: rpc("UNKNOWN", false),
  RPC_INVALID_ARGUMENT: rpc("INVALID_ARGUMENT", false),
  RPC_DEADLINE_EXCEEDED: rpc("DEADLINE_EXCEEDED", true),
  RPC_NOT_FOUND: rpc("NOT_FOUND", false),
  RPC_ALREADY_EXISTS: rpc("ALREADY_EXISTS", false),
  RPC_PERMISSION_DENIED: rpc("PERMISSION_DENIED", false),
  RPC_RESOURCE_EXHAUSTED: rpc("RESOURCE_EXHAUSTED", true),
  RPC_FAILED_PRECONDITION: rpc("FAILED_PRECONDITION", false),
  RPC_ABORTED: rpc("ABORTED", true),
  RPC_OUT_OF_RANGE: rpc("OUT_OF_RANGE", false),
  RPC_UNIMPLEMENTED: rpc("UNIMPLEMENTED", false),
  RPC_INTERNAL: rpc("INTERNAL", false),
  RPC_UNAVAILABLE: rpc("UNAVAILABLE", true),
  RPC_DATA_LOSS: rpc("DATA_LOSS", false),
  RPC_UNAUTHENTICATED: rpc("UNAUTHENTICATED", false),
};

export const wireErrors: typeof ownErrors & RpcErrors = { ...ownErrors, ...rpcErrors };
