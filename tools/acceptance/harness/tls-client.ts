/** Independent clients of ports that speak TLS: `node:https`, and gRPC by @grpc/grpc-js; each request on a connection of its own. */
import { request as httpsRequest, type RequestOptions } from "node:https";
import { join } from "node:path";
import { type Client, credentials, loadPackageDefinition, Metadata, type ServiceError } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { root } from "../../repository.ts";

/** What a client knows of the server, and what it shows of itself. */
export interface TlsIdentity {
  /** PEM of the authority that the server is known by. */
  readonly ca: string;
  /** Certificate that the client shows, in PEM. */
  readonly certificate?: string;
  readonly key?: string;
}

/** A request. */
export interface TlsRequest extends TlsIdentity {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** An answer. */
export interface TlsAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

const limitMs = 20_000;

/** Sends a request; rejects when the connection fails. */
export function ask(url: string, { ca, certificate, key, method, headers, body }: TlsRequest): Promise<TlsAnswer> {
  const own = certificate === undefined ? {} : { cert: certificate, key };
  // An address is no name that TLS may be asked for.
  const options: RequestOptions = { method, headers, ca, ...own, servername: "localhost", agent: false, timeout: limitMs };
  return new Promise((resolve, reject) => {
    const sent = httpsRequest(url, options, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
    });
    sent.on("timeout", () => sent.destroy(new Error(`no answer within ${limitMs} ms`)));
    sent.on("error", reject);
    sent.end(body);
  });
}

/** Outcome of a gRPC call: code 0 when it succeeded. */
export interface CallOutcome {
  readonly code: number;
  readonly details: string;
}

/** A unary call by its full name, for example `inference.GRPCInferenceService/ModelInfer`. */
export interface UnaryCall extends TlsIdentity {
  readonly method: string;
  readonly request: object;
  readonly metadata: Readonly<Record<string, string>>;
}

const proto = "packages/gateway/proto/inference.proto";

/** Makes a call at `HOST:PORT`; rejects never. */
export function call(address: string, { ca, certificate, key, method, request, metadata }: UnaryCall): Promise<CallOutcome> {
  const [own, chain] = [key, certificate].map((pem) => (pem === undefined ? null : Buffer.from(pem)));
  const secure = credentials.createSsl(Buffer.from(ca), own, chain);
  const client = serviceClient(address, secure);
  const fields = new Metadata();
  for (const [name, value] of Object.entries(metadata)) fields.set(name, value);
  return new Promise((resolve) => {
    const done = (error: ServiceError | null): void => {
      client.close();
      resolve({ code: error?.code ?? 0, details: error?.details ?? "" });
    };
    // The methods of a client made from a definition are known by name only.
    const methods = client as unknown as Record<string, (...args: readonly unknown[]) => void>;
    methods[method]?.(request, fields, { deadline: Date.now() + limitMs }, done);
  });
}

function serviceClient(address: string, secure: ReturnType<typeof credentials.createSsl>): Client {
  const definition = loadSync(join(root, proto), { keepCase: true, longs: String });
  const loaded = loadPackageDefinition(definition) as unknown as {
    readonly inference: { readonly GRPCInferenceService: new (address: string, secure: unknown, options: object) => Client };
  };
  return new loaded.inference.GRPCInferenceService(address, secure, {});
}
