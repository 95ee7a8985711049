/**
 * What each address and method needs. Open are only the probes of the server's own health, which Kubernetes sends without credentials.
 * A gRPC method that is not listed needs the role `admin`, so that a new one is closed until it is thought of.
 */
import type { Permission } from "@modelyard/core";
import type { HeadMemo } from "../routing/head-memo.ts";
import type { RestTarget } from "../routing/rest-target.ts";

const inference = "/inference.GRPCInferenceService/";
const openMethods: ReadonlySet<string> = new Set([`${inference}ServerLive`, `${inference}ServerReady`]);
const openService = "/grpc.health.v1.Health/";
const adminMethods: ReadonlySet<string> = new Set([`${inference}RepositoryModelLoad`, `${inference}RepositoryModelUnload`]);
/** About the server, so the key of any namespace will do. */
const serverMethods: ReadonlySet<string> = new Set([`${inference}ServerMetadata`]);
const inferServices: readonly string[] = [inference, "/grpc.reflection.v1.ServerReflection/", "/grpc.reflection.v1alpha.ServerReflection/"];

/** What a request needs; `open` when nobody is asked who they are. */
export function permissionOf(memo: HeadMemo): Permission | "open" {
  return memo.isGrpc ? grpcPermission(memo) : restPermission(memo);
}

function grpcPermission({ path, namespace }: HeadMemo): Permission | "open" {
  if (openMethods.has(path) || path.startsWith(openService)) return "open";
  const isInfer = !adminMethods.has(path) && inferServices.some((service) => path.startsWith(service));
  return { namespace: serverMethods.has(path) ? undefined : namespace, role: isInfer ? "infer" : "admin" };
}

function restPermission(memo: HeadMemo): Permission | "open" {
  const { target } = memo;
  if (target.kind === "live" || target.kind === "ready") return "open";
  // gRPC over HTTP/1.1, or gRPC-Web in a format that is not ours, which is no address of REST.
  if (target.kind === "refused" && memo.hasGrpcType) return grpcPermission(memo);
  return { namespace: namespaceOf(target), role: isAdministration(target) ? "admin" : "infer" };
}

/** The namespace an address is about; undefined: the server, or an address that is refused to everybody. */
function namespaceOf(target: RestTarget): string | undefined {
  if ("reference" in target) return target.reference.namespace;
  return "namespace" in target ? target.namespace : undefined;
}

function isAdministration({ kind }: RestTarget): boolean {
  return kind === "repositoryLoad" || kind === "repositoryUnload";
}
