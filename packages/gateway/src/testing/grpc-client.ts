/** An independent gRPC client for the tests. */
import { fileURLToPath } from "node:url";
import {
  type CallOptions,
  Client,
  type ClientDuplexStream,
  type ClientOptions,
  credentials,
  Metadata,
  type MethodDefinition,
  type ServiceError,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

/** Messages with field names as in the .proto file; 64-bit integers as strings. */
export type Message = Readonly<Record<string, unknown>>;

/** Makes calls of `inference.GRPCInferenceService`; a name like `grpc.health.v1.Health/Check` is a method of another service. */
export interface TestGrpcClient {
  /** Rejects with grpc-js's `ServiceError`. A method that no .proto file has is called with empty messages. */
  call(method: string, message: Message, options?: GrpcCallExtras): Promise<Message>;
  /** Opens a stream. */
  open(method: string, options?: Omit<GrpcCallExtras, "signal">): ClientDuplexStream<Message, Message>;
  close(): void;
}

/** Extras of a call. */
export interface GrpcCallExtras {
  readonly metadata?: Metadata;
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

const protoFolder = fileURLToPath(new URL("../../proto", import.meta.url));
const protoFiles = ["inference.proto", "health.proto", "reflection-v1.proto", "reflection-v1alpha.proto"];

/** Connects to a port of loopback, or to `host:port`. */
export function grpcClient(server: number | string, clientOptions: ClientOptions = {}): TestGrpcClient {
  const definition = loadSync(protoFiles, {
    keepCase: true,
    longs: String,
    enums: String,
    defaults: true,
    oneofs: true,
    includeDirs: [protoFolder],
  });
  const address = typeof server === "number" ? `127.0.0.1:${server}` : server;
  const client = new Client(address, credentials.createInsecure(), clientOptions);
  const methodOf = (name: string): MethodDefinition<Message, Message> => {
    const path = name.includes("/") ? name : `inference.GRPCInferenceService/${name}`;
    const [service = "", method = ""] = path.split("/");
    // proto-loader types its messages as plain objects.
    const methods = definition[service] as Readonly<Record<string, MethodDefinition<Message, Message>>> | undefined;
    return methods?.[method] ?? { ...emptyMethod, path: `/${path}` };
  };
  return {
    call: (name, message, extras = {}) => callUnary({ client, method: methodOf(name), message }, extras),
    open(name, { metadata = new Metadata(), deadlineMs } = {}) {
      const { path, requestSerialize, responseDeserialize } = methodOf(name);
      return client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata, optionsOf(deadlineMs));
    },
    close: () => client.close(),
  };
}

const emptyMethod: MethodDefinition<Message, Message> = {
  path: "",
  requestStream: false,
  responseStream: false,
  requestSerialize: () => Buffer.alloc(0),
  requestDeserialize: () => ({}),
  responseSerialize: () => Buffer.alloc(0),
  responseDeserialize: () => ({}),
};

function optionsOf(deadlineMs: number | undefined): CallOptions {
  return deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
}

interface UnaryCall {
  readonly client: Client;
  readonly method: MethodDefinition<Message, Message>;
  readonly message: Message;
}

function callUnary({ client, method, message }: UnaryCall, extras: GrpcCallExtras): Promise<Message> {
  const { metadata, deadlineMs, signal } = extras;
  return new Promise((resolve, reject) => {
    const options = optionsOf(deadlineMs);
    const done = (error: ServiceError | null, answer?: Message): void => (error ? reject(error) : resolve(answer ?? {}));
    const { path, requestSerialize, responseDeserialize } = method;
    const call = metadata
      ? client.makeUnaryRequest(path, requestSerialize, responseDeserialize, message, metadata, options, done)
      : client.makeUnaryRequest(path, requestSerialize, responseDeserialize, message, options, done);
    signal?.addEventListener("abort", () => call.cancel(), { once: true });
  });
}
