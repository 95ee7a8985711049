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
  /** Told of each message as it comes. */
  readonly onMessage?: (message: Message) => void;
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
export async function webCall(port: number, call: WebCall): Promise<WebAnswer> {
  const { isText = false, onMessage } = call;
  const method = methodOf(call.method);
  const answer = await post(port, call, method);
  const messages: Message[] = [];
  let received: Buffer = Buffer.alloc(0);
  let frames: readonly Frame[] = [];
  for await (const piece of answer.body ?? []) {
    received = Buffer.concat([received, piece]);
    frames = framesOf(isText ? fromBase64(received) : received);
    for (const { bytes } of frames.filter(({ flag }) => flag === 0).slice(messages.length)) {
      // proto-loader types its messages as plain objects.
      const message = method.responseDeserialize(bytes) as Message;
      messages.push(message);
      onMessage?.(message);
    }
  }
  const trailers = trailersOf(frames.find(({ flag }) => flag === 0x80)?.bytes);
  return { status: answer.status, headers: answer.headers, messages, trailers };
}

function post(
  port: number,
  { method: name, messages, isText, headers }: WebCall,
  method: MethodDefinition<object, object>,
): Promise<Response> {
  const body = Buffer.concat(messages.map((message) => frame(method.requestSerialize(message))));
  const type = isText ? "application/grpc-web-text" : "application/grpc-web+proto";
  return fetch(`http://127.0.0.1:${port}/${serviceName}/${name}`, {
    method: "POST",
    headers: { "content-type": type, accept: type, "x-grpc-web": "1", ...headers },
    body: isText ? body.toString("base64") : new Uint8Array(body),
  });
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

interface Frame {
  readonly flag: number;
  readonly bytes: Buffer;
}

/** The whole frames. */
function framesOf(body: Buffer): readonly Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at + 5 <= body.length && at + 5 + body.readUInt32BE(at + 1) <= body.length; ) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    frames.push({ flag: body.readUInt8(at), bytes: body.subarray(at + 5, end) });
    at = end;
  }
  return frames;
}

/** Whole groups of base64, in pieces each with its padding. */
function fromBase64(text: Buffer): Buffer {
  const groups = text.toString("latin1", 0, text.length - (text.length % 4));
  const pieces = groups.match(/[A-Za-z0-9+/]+={0,2}/g) ?? [];
  return Buffer.concat(pieces.map((piece) => Buffer.from(piece, "base64")));
}

function trailersOf(bytes: Buffer | undefined): Readonly<Record<string, string>> {
  const lines = bytes?.toString("latin1").split("\r\n") ?? [];
  return Object.fromEntries(
    lines.filter((line) => line !== "").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]),
  );
}
