/**
 * HTTP/1.1, HTTP/2 and gRPC at frame level on `node:net`: the server side, and the multiplexed connection to a peer.
 *
 * Invariants: what a socket's read batch causes is written to each socket at once; every buffer, queue and memo has a limit; bytes are not
 * decoded or copied where passing them on is enough.
 */
export { type GrpcCallOptions, type GrpcRequest, grpcCall } from "./grpc/client-call.ts";
export { type GrpcDuplex, grpcDuplex } from "./grpc/client-duplex.ts";
export { messagePrefixBytes } from "./grpc/message-framing.ts";
export type { GrpcCall, GrpcOptions } from "./grpc/server-call.ts";
export { type GrpcMessageHandlers, type GrpcStreamingOptions, grpcStreaming } from "./grpc/streaming.ts";
export { type GrpcUnaryOptions, grpcUnary } from "./grpc/unary.ts";
export { grpcWeb } from "./grpc-web/grpc-web.ts";
export type {
  BodyConsumer,
  ConnectionInfo,
  Exchange,
  Protocol,
  RequestHandler,
  ResetCode,
  ResponseStream,
  TlsInfo,
  WholeResponse,
} from "./message/exchange.ts";
export type { Field, Fields } from "./message/fields.ts";
export { reasonField, refusal } from "./message/refusal.ts";
export type { RequestHead } from "./message/request-head.ts";
export { ResponseHead, responseHead, Trailers, trailers } from "./message/response-head.ts";
export { type WholeBodyHandlers, wholeBody } from "./message/whole-body.ts";
export {
  type Peer,
  type PeerAddress,
  type PeerReceiver,
  type PeerRequest,
  PeerRequestHead,
  type PeerRequestInit,
  type PeerResponseHead,
  type PeerStream,
  peerRequestHead,
} from "./peer/contract.ts";
export type { PeerOptions, PeerTls } from "./peer/options.ts";
export { connectPeer } from "./peer/peer.ts";
export { defaultLimits, type WireLimits } from "./server/limits.ts";
export { type FailedHandshake, TlsAcceptor, type TlsAcceptorDeps } from "./server/tls-acceptor.ts";
export { type ClientAuth, createTlsContext, type TlsContext, type TlsOptions } from "./server/tls-context.ts";
export { type TlsFiles, type TlsFilesDeps, type WatchedTls, watchTlsFiles } from "./server/tls-files.ts";
export {
  type BoundSocket,
  createWireServer,
  type ListenAddress,
  listenBacklog,
  type WireServer,
  type WireServerOptions,
} from "./server/wire-server.ts";
export type { BufferBudget } from "./socket/buffer-budget.ts";
