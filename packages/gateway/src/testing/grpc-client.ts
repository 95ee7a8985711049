/** An independent gRPC client for the tests. */
import { fileURLToPath } from "node:url";
import { type CallOptions, Client, credentials, type Metadata, type MethodDefinition, type ServiceError } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

/** Messages with field names as in the .proto file; 64-bit integers as strings. */
export type Message = Readonly<Record<string, unknown>>;

/** Makes calls of `inference.GRPCInferenceService`. */
export interface TestGrpcClient {
  /** Rejects with grpc-js's `ServiceError`. */
  call(method: string, message: Message, options?: GrpcCallExtras): Promise<Message>;
  close(): void;
}

/** Extras of a call. */
export interface GrpcCallExtras {
  readonly metadata?: Metadata;
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

const proto = fileURLToPath(new URL("../../testdata/open-inference-protocol.proto", import.meta.url));

/** Connects to a server on loopback. */
export function grpcClient(port: number): TestGrpcClient {
  const definition = loadSync(proto, { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true });
  const service = definition["inference.GRPCInferenceService"];
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const methodOf = (name: string): MethodDefinition<Message, Message> => {
    if (!service || !(name in service)) throw new Error(`no method ${name} in the test's .proto file`);
    // proto-loader types its messages as plain objects.
    return (service as Readonly<Record<string, MethodDefinition<Message, Message>>>)[name] as MethodDefinition<Message, Message>;
  };
  return {
    call: (name, message, extras = {}) => callUnary({ client, method: methodOf(name), message }, extras),
    close: () => client.close(),
  };
}

interface UnaryCall {
  readonly client: Client;
  readonly method: MethodDefinition<Message, Message>;
  readonly message: Message;
}

function callUnary({ client, method, message }: UnaryCall, extras: GrpcCallExtras): Promise<Message> {
  const { metadata, deadlineMs, signal } = extras;
  return new Promise((resolve, reject) => {
    const options: CallOptions = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
    const done = (error: ServiceError | null, answer?: Message): void => (error ? reject(error) : resolve(answer ?? {}));
    const { path, requestSerialize, responseDeserialize } = method;
    const call = metadata
      ? client.makeUnaryRequest(path, requestSerialize, responseDeserialize, message, metadata, options, done)
      : client.makeUnaryRequest(path, requestSerialize, responseDeserialize, message, options, done);
    signal?.addEventListener("abort", () => call.cancel(), { once: true });
  });
}
