/** The subject of a run: where the server is, and what its models are called. */
import { grpcClient } from "@modelyard/gateway/testing";
import type { Subject } from "./check.ts";

/** Roles of models. */
export const modelRoles: readonly string[] = ["mnist", "identity", "pair"];

/** Addresses and names. */
export interface SubjectOptions {
  /** `host:port` of REST. */
  readonly address: string;
  /** `host:port` of gRPC. Default `address`. */
  readonly grpc?: string | undefined;
  /** By role: `mnist`, `identity` (the beginning of the names of the models that give back what they get), `pair`. */
  readonly models?: ReadonlyMap<string, string>;
}

/** Opens it; its `grpc` is to be closed. */
export function subjectAt({ address, grpc = address, models = new Map() }: SubjectOptions): Subject {
  const prefix = models.get("identity") ?? "identity_";
  return {
    rest: `http://${address}`,
    grpc: grpcClient(grpc, { "grpc.max_receive_message_length": -1 }),
    grpcAddress: grpc,
    model: models.get("mnist") ?? "mnist",
    identity: (datatype) => prefix + datatype.toLowerCase(),
    pair: models.get("pair") ?? `${prefix}pair`,
  };
}
