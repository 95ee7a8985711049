/** Independent clients of the data plane: REST by `fetch`, gRPC by @grpc/grpc-js, each in two encodings. */
import { join } from "node:path";
import { type Client, credentials, loadPackageDefinition, Metadata, type ServiceError } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { root } from "../../repository.ts";
import type { JsonTensor } from "./shared-data.ts";
import { contentsField, fromBytes, toBytes } from "./tensor-bytes.ts";

/** The four ways to send a tensor. */
export const encodings = ["REST JSON", "REST binary", "gRPC typed", "gRPC raw"] as const;
export type Encoding = (typeof encodings)[number];

/** Sends one inference and gives the outputs in JSON form. */
export type Infer = (model: string, inputs: readonly JsonTensor[]) => Promise<readonly JsonTensor[]>;

/** A failed call: HTTP status or gRPC code. */
export class CallError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Clients of one address, and how to end them. */
export interface Clients {
  readonly infer: Readonly<Record<Encoding, Infer>>;
  readonly call: (method: string, request: object) => Promise<Readonly<Record<string, unknown>>>;
  close(): void;
}

/** Options of {@link connect}, for gRPC. */
export interface ConnectOptions {
  /** PEM of the authority of a server with TLS; undefined: cleartext. */
  readonly ca?: string | undefined;
  /** What each call carries. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Clients of a data address such as `http://127.0.0.1:8033`. */
export function connect(address: string, { ca, metadata = {} }: ConnectOptions = {}): Clients {
  const grpc = grpcClient(new URL(address).host, ca);
  const carried = Metadata.fromHttp2Headers(metadata);
  const call: Clients["call"] = (method, request) => unary(grpc, { method, request, metadata: carried });
  return {
    infer: {
      "REST JSON": (model, inputs) => restJson(address, { model, inputs }),
      "REST binary": (model, inputs) => restBinary(address, { model, inputs }),
      "gRPC typed": async (model, inputs) => outputsOf(await call("ModelInfer", { model_name: model, inputs: inputs.map(typedInput) })),
      "gRPC raw": async (model, inputs) => outputsOf(await call("ModelInfer", rawRequest(model, inputs))),
    },
    call,
    close: () => grpc.close(),
  };
}

interface Request {
  readonly model: string;
  readonly inputs: readonly JsonTensor[];
}

interface RestOutput extends JsonTensor {
  readonly parameters?: { readonly binary_data_size?: number };
}

async function restJson(address: string, { model, inputs }: Request): Promise<readonly JsonTensor[]> {
  const response = await fetch(inferUrl(address, model), { method: "POST", body: JSON.stringify({ inputs }) });
  const text = await response.text();
  if (!response.ok) throw new CallError(response.status, text);
  return (JSON.parse(text) as { readonly outputs: readonly JsonTensor[] }).outputs;
}

async function restBinary(address: string, { model, inputs }: Request): Promise<readonly JsonTensor[]> {
  const parts = inputs.map((input) => toBytes(input));
  const described = inputs.map(({ name, shape, datatype }, index) => ({
    name,
    shape,
    datatype,
    parameters: { binary_data_size: parts[index]?.length },
  }));
  const head = Buffer.from(JSON.stringify({ inputs: described, parameters: { binary_data_output: true } }));
  const headers = { "content-type": "application/octet-stream", "inference-header-content-length": String(head.length) };
  const response = await fetch(inferUrl(address, model), { method: "POST", headers, body: Buffer.concat([head, ...parts]) });
  const body = Buffer.from(await response.arrayBuffer());
  if (!response.ok) throw new CallError(response.status, body.toString());
  return readBinary(body, Number(response.headers.get("inference-header-content-length") ?? body.length));
}

function readBinary(body: Buffer, headLength: number): readonly JsonTensor[] {
  const { outputs } = JSON.parse(body.subarray(0, headLength).toString()) as { readonly outputs: readonly RestOutput[] };
  let at = headLength;
  return outputs.map((output) => {
    const size = output.parameters?.binary_data_size;
    if (size === undefined) throw new Error(`The output ${output.name} was not sent as binary`);
    const data = fromBytes(output.datatype, body.subarray(at, at + size));
    at += size;
    return { ...output, data };
  });
}

function inferUrl(address: string, model: string): string {
  return `${address}/v2/models/${encodeURIComponent(model)}/infer`;
}

function typedInput({ name, shape, datatype, data }: JsonTensor): object {
  const values = datatype === "BYTES" ? data.map((text) => Buffer.from(String(text))) : data;
  return { name, shape, datatype, contents: { [contentsField(datatype)]: values } };
}

function rawRequest(model: string, inputs: readonly JsonTensor[]): object {
  return {
    model_name: model,
    inputs: inputs.map(({ name, shape, datatype }) => ({ name, shape, datatype })),
    raw_input_contents: inputs.map((input) => toBytes(input)),
  };
}

interface GrpcOutput {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly string[];
  readonly contents?: Readonly<Record<string, readonly (number | string | Buffer)[]>>;
}

function outputsOf(response: Readonly<Record<string, unknown>>): readonly JsonTensor[] {
  const outputs = response["outputs"] as readonly GrpcOutput[];
  const raw = response["raw_output_contents"] as readonly Buffer[];
  return outputs.map((output, index) => {
    const bytes = raw[index];
    const data = bytes ? fromBytes(output.datatype, bytes) : typedData(output);
    return { name: output.name, datatype: output.datatype, shape: output.shape.map(Number), data };
  });
}

function typedData({ datatype, contents }: GrpcOutput): readonly (number | string)[] {
  const values = contents?.[contentsField(datatype)] ?? [];
  return values.map((value) => (Buffer.isBuffer(value) ? value.toString() : Number(value)));
}

function grpcClient(host: string, ca: string | undefined): Client {
  const definition = loadSync(join(root, "packages/gateway/proto/inference.proto"), {
    keepCase: true,
    longs: String,
    defaults: true,
    arrays: true,
  });
  const loaded = loadPackageDefinition(definition) as unknown as {
    readonly inference: { readonly GRPCInferenceService: new (...args: unknown[]) => Client };
  };
  const channel = ca === undefined ? credentials.createInsecure() : credentials.createSsl(Buffer.from(ca));
  // An address is no name that TLS may be asked for (RFC 6066 §3).
  const name = ca === undefined ? {} : { "grpc.ssl_target_name_override": "localhost" };
  return new loaded.inference.GRPCInferenceService(host, channel, { "grpc.max_receive_message_length": -1, ...name });
}

type UnaryDone = (error: ServiceError | null, response: Readonly<Record<string, unknown>>) => void;
type UnaryMethod = (...args: readonly [request: object, metadata: Metadata, options: object, done: UnaryDone]) => void;

function unary(
  client: Client,
  { method, request, metadata }: { readonly method: string; readonly request: object; readonly metadata: Metadata },
): Promise<Readonly<Record<string, unknown>>> {
  const invoke = (client as unknown as Readonly<Record<string, UnaryMethod>>)[method];
  if (!invoke) throw new Error(`The service has no method ${method}`);
  return new Promise((resolve, reject) => {
    invoke.call(client, request, metadata, { deadline: Date.now() + 60_000 }, (error, response) => {
      if (error) reject(new CallError(error.code, error.details));
      else resolve(response);
    });
  });
}
