/** A client of gRPC-Web as a web page has it: `fetch`, frames cut by hand, messages by the .proto file. */
import { fileURLToPath } from "node:url";
import { loadSync, type MethodDefinition } from "@grpc/proto-loader";
import type { Message } from "./grpc-client.ts";

/** A call of `inference.GRPCInferenceService`. */
export interface WebCall {
  readonly method: string;
  readonly messages: readonly Message[];
  /** Base64 both ways. Default: bytes. */
  readonly isText?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a page gets to see. */
export interface WebAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly messages: readonly Message[];
  /** Of the last frame, names in lower case. */
  readonly trailers: Readonly<Record<string, string>>;
}

const serviceName = "inference.GRPCInferenceService";
const protoFile = fileURLToPath(new URL("../../proto/inference.proto", import.meta.url));

/** Makes a call to a server on loopback. */
export async function webCall(port: number, { method: name, messages, isText = false, headers = {} }: WebCall): Promise<WebAnswer> {
  const method = methodOf(name);
  const body = Buffer.concat(messages.map((message) => frame(method.requestSerialize(message))));
  const type = isText ? "application/grpc-web-text" : "application/grpc-web+proto";
  const answer = await fetch(`http://127.0.0.1:${port}/${serviceName}/${name}`, {
    method: "POST",
    headers: { "content-type": type, accept: type, "x-grpc-web": "1", ...headers },
    body: isText ? body.toString("base64") : new Uint8Array(body),
  });
  const received = Buffer.from(await answer.arrayBuffer());
  const frames = framesOf(isText ? fromBase64(received) : received);
  return {
    status: answer.status,
    headers: answer.headers,
    // proto-loader types its messages as plain objects.
    messages: frames.filter(({ flag }) => flag === 0).map(({ bytes }) => method.responseDeserialize(bytes) as Message),
    trailers: trailersOf(frames.find(({ flag }) => flag === 0x80)?.bytes),
  };
}

function methodOf(name: string): MethodDefinition<object, object> {
  const definition = loadSync(protoFile, { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true });
  // A service is an object of its methods.
  const methods = definition[serviceName] as Readonly<Record<string, MethodDefinition<object, object>>>;
  const method = methods[name];
  if (!method) throw new Error(`no method ${name}`);
  return method;
}

function frame(message: Buffer): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

function framesOf(body: Buffer): { readonly flag: number; readonly bytes: Buffer }[] {
  const frames = [];
  for (let at = 0; at < body.length; ) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    frames.push({ flag: body.readUInt8(at), bytes: body.subarray(at + 5, end) });
    at = end;
  }
  return frames;
}

/** Pieces of base64, each with its padding. */
function fromBase64(text: Buffer): Buffer {
  const pieces = text.toString("latin1").match(/[A-Za-z0-9+/]+={0,2}/g) ?? [];
  return Buffer.concat(pieces.map((piece) => Buffer.from(piece, "base64")));
}

function trailersOf(bytes: Buffer | undefined): Readonly<Record<string, string>> {
  const lines = bytes?.toString("latin1").split("\r\n") ?? [];
  return Object.fromEntries(
    lines.filter((line) => line !== "").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]),
  );
}
