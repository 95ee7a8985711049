/** What a request asks for, as its series are labelled: the same words for both faces. */
import type { RequestKind } from "../request-counters.ts";
import type { HeadMemo } from "../routing/head-memo.ts";

const inference = "/inference.GRPCInferenceService/";

const grpcKinds: ReadonlyMap<string, RequestKind> = new Map([
  [`${inference}ModelInfer`, "infer"],
  [`${inference}ServerLive`, "live"],
  [`${inference}ServerReady`, "ready"],
  [`${inference}ServerMetadata`, "server"],
  [`${inference}ModelReady`, "modelReady"],
  [`${inference}ModelMetadata`, "modelMetadata"],
  [`${inference}ModelStreamInfer`, "stream"],
  [`${inference}ModelConfig`, "modelConfiguration"],
  [`${inference}ModelStatistics`, "modelStatistics"],
  [`${inference}RepositoryIndex`, "repositoryIndex"],
  [`${inference}RepositoryModelLoad`, "repositoryLoad"],
  [`${inference}RepositoryModelUnload`, "repositoryUnload"],
  ["/grpc.health.v1.Health/Check", "health"],
  ["/grpc.health.v1.Health/Watch", "healthWatch"],
  ["/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "reflection"],
  ["/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", "reflection"],
]);

/** The kind of the requests with a head; `unknown` for what is not answered. */
export function requestKindOf(memo: HeadMemo): RequestKind {
  if (memo.isGrpc) return grpcKinds.get(memo.path) ?? "unknown";
  const { kind } = memo.target;
  return kind === "refused" ? "unknown" : kind;
}
