/** The gateway: what a wire server hands its requests to. */
import type { RequestHandler } from "@modelyard/wire";
import { createGatekeeper } from "./authentication/gatekeeper.ts";
import { GrpcFace } from "./grpc/grpc-face.ts";
import { InferenceRunner } from "./inference/inference-runner.ts";
import { type GatewayOptions, resolveGatewayOptions } from "./options.ts";
import { RestFace } from "./rest/rest-face.ts";
import { headMemoOf } from "./routing/head-memo.ts";

/** A gateway. It holds no resources of its own: draining the wire server drains it. */
export interface Gateway {
  /** Answers a request of either face; give it to `createWireServer`. */
  readonly onRequest: RequestHandler;
}

/**
 * Creates a gateway over a mesh.
 *
 * @example const server = createWireServer({ clock, log }, createGateway({ mesh, clock, log, metrics, serverName, serverVersion }).onRequest);
 */
export function createGateway(options: GatewayOptions): Gateway {
  const resolved = resolveGatewayOptions(options);
  const runner = new InferenceRunner(resolved);
  const rest = new RestFace(resolved, runner);
  const grpc = new GrpcFace(resolved, runner);
  const gatekeeper = createGatekeeper(resolved);
  return {
    onRequest(exchange) {
      const memo = headMemoOf(exchange, resolved.allowedHosts);
      const refusal = gatekeeper?.admit(exchange, memo).refusal;
      if (refusal) return memo.isGrpc ? grpc.refuse(exchange, refusal) : rest.refuse(exchange, memo, refusal);
      return memo.isGrpc ? grpc.onRequest(exchange) : rest.onRequest(exchange, memo);
    },
  };
}
