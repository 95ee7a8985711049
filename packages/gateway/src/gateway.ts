/** The gateway: what a wire server hands its requests to. */
import { grpcWeb, type RequestHandler } from "@modelyard/wire";
import { FrontDoor } from "./front-door.ts";
import { GrpcFace } from "./grpc/grpc-face.ts";
import { InferenceRunner } from "./inference/inference-runner.ts";
import { type GatewayOptions, resolveGatewayOptions } from "./options.ts";
import { RestFace } from "./rest/rest-face.ts";

/** A gateway. Draining the wire server drains it. */
export interface Gateway {
  /** Answers a request of either face, gRPC-Web included; give it to `createWireServer`. */
  readonly onRequest: RequestHandler;
  /** Writes the rest of the access log; to be called when the wire server has drained. Idempotent. */
  close(): void;
}

/**
 * Creates a gateway over a mesh.
 *
 * @example const server = createWireServer({ clock, log }, createGateway({ mesh, clock, log, metrics, serverName, serverVersion }).onRequest);
 */
export function createGateway(options: GatewayOptions): Gateway {
  const resolved = resolveGatewayOptions(options);
  const runner = new InferenceRunner(resolved);
  const door = new FrontDoor(resolved, { rest: new RestFace(resolved, runner), grpc: new GrpcFace(resolved, runner) });
  return {
    onRequest: grpcWeb((exchange) => door.onRequest(exchange)),
    close: () => door.close(),
  };
}
