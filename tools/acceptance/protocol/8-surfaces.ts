/** Every way to ask a server for something, and what it says to whom it does not know and to whom it knows and does not let. */
import type { TlsAnswer, UnaryCall } from "../harness/tls-client.ts";

/** Where the ports are. */
export interface Addresses {
  readonly data: string;
  readonly control: string;
  readonly metrics: string;
}

interface Answers {
  readonly name: string;
  /** What it says to whom it does not know, and to whom it does not let. */
  readonly unauthenticated: string;
  readonly forbidden: string;
  /** What it says to the right key: nothing is deployed, so of a model that it is not there. */
  readonly opened: readonly string[];
  /** Names of credentials that are enough for it. */
  readonly opensTo: readonly string[];
}

interface HttpSurface extends Answers {
  readonly kind: "http";
  readonly port: keyof Addresses;
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** What an answer means; default its status. */
  readonly outcomeOf?: (answer: TlsAnswer) => string;
}

interface GrpcSurface extends Answers {
  readonly kind: "grpc";
  readonly call: Pick<UnaryCall, "method" | "request">;
}

/** One of them. */
export type Surface = HttpSurface | GrpcSurface;

const http = { kind: "http", unauthenticated: "HTTP 401", forbidden: "HTTP 403", opensTo: [] } as const;
const grpc = { kind: "grpc", unauthenticated: "gRPC 16", forbidden: "gRPC 7", opensTo: [] } as const;
const json = { "content-type": "application/json" } as const;
const anyRole = ["a key of a lesser role"] as const;
const anyAdmin = ["a key of another namespace"] as const;
const services = "/apis/serving.kserve.io/v1beta1/namespaces/default/inferenceservices";
const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "taken", namespace: "default" }, stringData: { a: "b" } };

export const surfaces: readonly Surface[] = [
  {
    ...http,
    name: "REST inference",
    port: "data",
    method: "POST",
    path: "/v2/models/digits/infer",
    headers: json,
    body: "{}",
    opened: ["HTTP 404"],
    opensTo: anyRole,
  },
  { ...http, name: "REST model metadata", port: "data", method: "GET", path: "/v2/models/digits", opened: ["HTTP 404"], opensTo: anyRole },
  {
    ...http,
    name: "REST repository load",
    port: "data",
    method: "POST",
    path: "/v2/repository/models/digits/load",
    headers: json,
    body: "{}",
    opened: ["HTTP 404"],
  },
  {
    ...grpc,
    name: "gRPC inference",
    call: { method: "ModelInfer", request: { model_name: "digits" } },
    opened: ["gRPC 5"],
    opensTo: anyRole,
  },
  {
    ...grpc,
    name: "gRPC repository unload",
    call: { method: "RepositoryModelUnload", request: { model_name: "digits" } },
    opened: ["gRPC 5"],
  },
  {
    ...http,
    name: "gRPC-Web inference",
    unauthenticated: "gRPC 16",
    forbidden: "gRPC 7",
    port: "data",
    method: "POST",
    path: "/inference.GRPCInferenceService/ModelInfer",
    headers: { "content-type": "application/grpc-web+proto" },
    body: "\0\0\0\0\u0008\n\u0006digits",
    opened: ["gRPC 5"],
    opensTo: anyRole,
    outcomeOf: webStatus,
  },
  { ...http, name: "API server: list", port: "control", method: "GET", path: services, opened: ["HTTP 200"] },
  {
    ...http,
    name: "API server: read a Secret",
    port: "control",
    method: "GET",
    path: "/api/v1/namespaces/default/secrets/storage-config",
    opened: ["HTTP 404"],
  },
  {
    ...http,
    name: "API server: write",
    port: "control",
    method: "POST",
    path: "/api/v1/namespaces/default/secrets",
    headers: json,
    body: JSON.stringify(secret),
    opened: ["HTTP 201"],
  },
  { ...http, name: "API server: all namespaces", port: "control", method: "GET", path: "/api/v1/secrets", opened: ["HTTP 200"] },
  {
    ...http,
    name: "uploads",
    port: "control",
    method: "POST",
    path: "/uploads",
    headers: { "tus-resumable": "1.0.0", "upload-length": "10" },
    opened: ["HTTP 201"],
    opensTo: anyAdmin,
  },
  { ...http, name: "status page", port: "control", method: "GET", path: "/", opened: ["HTTP 200"] },
  { ...http, name: "metrics", port: "metrics", method: "GET", path: "/metrics", opened: ["HTTP 200"] },
];

/** The status of gRPC-Web is a header field, or in the frame of trailers at the end of the body. */
function webStatus({ headers, body }: TlsAnswer): string {
  return `gRPC ${String(headers["grpc-status"] ?? /grpc-status: ?(\d+)/.exec(body)?.[1])}`;
}
