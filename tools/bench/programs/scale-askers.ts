/** Connections that ask for inferences with as little work as possible, so that what is measured has the machine: frames and heads are made once. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { clientPreface, framesOf, HpackEncoder, type ReceivedFrame, rawFrame } from "@modelyard/wire/testing";
import { modelName } from "../scale-load.ts";

/** A connection. */
export interface Asker {
  /** Sends a request; over HTTP/1.1 only when the one before is answered. */
  ask(model: string, answered: () => void): void;
}

/** What every request is made of. */
export interface AskedRequest {
  readonly port: number;
  readonly body: Buffer;
  /** As `name: value`. */
  readonly headers: readonly string[];
}

async function opened(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  socket.on("error", (error) => fail(error.message));
  socket.on("close", () => fail("a connection was closed"));
  await once(socket, "connect");
  return socket;
}

function fail(why: string): never {
  console.error(why);
  process.exit(1);
}

/** A connection that speaks HTTP/1.1. */
export async function httpAsker({ port, body, headers }: AskedRequest): Promise<Asker> {
  const socket = await opened(port);
  const rest = [" HTTP/1.1", "host: localhost", ...headers, `content-length: ${body.length}`, "\r\n"].join("\r\n");
  let answered: (() => void) | undefined;
  let input = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    input = Buffer.concat([input, chunk]);
    const end = input.indexOf("\r\n\r\n");
    if (end < 0) return;
    const head = input.toString("latin1", 0, end);
    if (!head.startsWith("HTTP/1.1 200")) fail(`a request was answered by ${input.toString("latin1")}`);
    if (input.length < end + 4 + Number(/content-length: (\d+)/.exec(head)?.[1])) return;
    input = Buffer.alloc(0);
    answered?.();
  });
  return {
    ask(model, whenAnswered) {
      answered = whenAnswered;
      socket.write(Buffer.concat([Buffer.from(`POST /v2/models/${model}/infer${rest}`), body]));
    },
  };
}

/** Types and flags of frames (RFC 9113 §6). */
const dataType = 0;
const headersType = 1;
const settingsType = 4;
const pingType = 6;
const windowUpdateType = 8;
const ackFlag = 1;
const endStreamFlag = 1;
const endHeadersFlag = 4;
const frameHeadBytes = 9;

/** A connection that speaks gRPC. */
export async function grpcAsker({ port, body, headers }: AskedRequest): Promise<Asker> {
  const socket = await opened(port);
  socket.write(Buffer.concat([clientPreface, rawFrame(windowUpdateType, 0, 0, Buffer.from([0x3f, 0xff, 0, 0]))]));
  const open = new Map<number, { readonly answered: () => void; hasMessage: boolean }>();
  const take = ({ type, flags, streamId, payload }: ReceivedFrame): void => {
    const call = open.get(streamId);
    if ((type === settingsType || type === pingType) && flags !== ackFlag)
      socket.write(rawFrame(type, ackFlag, 0, type === pingType ? payload : undefined));
    if (!call) return;
    if (type === dataType) call.hasMessage = true;
    if (type !== headersType || (flags & endStreamFlag) === 0) return;
    open.delete(streamId);
    if (!call.hasMessage) fail(`a call was answered without a message: ${payload.toString("latin1")}`);
    call.answered();
  };
  let input = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    input = Buffer.concat([input, chunk]);
    const frames = framesOf(input);
    input = input.subarray(frames.reduce((sum, { payload }) => sum + frameHeadBytes + payload.length, 0));
    for (const frame of frames) take(frame);
  });
  const call = Buffer.concat([rawFrame(headersType, endHeadersFlag, 1, headBlock(headers)), rawFrame(dataType, endStreamFlag, 1, body)]);
  const nameAt = call.indexOf(modelName(0));
  let lastStreamId = -1;
  return {
    ask(model, answered) {
      const bytes = Buffer.from(call);
      lastStreamId += 2;
      bytes.writeUInt32BE(lastStreamId, 5);
      bytes.writeUInt32BE(lastStreamId, bytes.length - body.length - 4);
      bytes.write(model, nameAt);
      open.set(lastStreamId, { answered, hasMessage: false });
      socket.write(bytes);
    },
  };
}

/** Without the dynamic table, so that one block serves every call. */
function headBlock(headers: readonly string[]): Buffer {
  const fields = headers.map((field): [string, string] => {
    const [name = "", value = ""] = field.split(": ");
    return [name, value];
  });
  return new HpackEncoder(0).encode([
    [":method", "POST"],
    [":scheme", "http"],
    [":path", "/inference.GRPCInferenceService/ModelInfer"],
    [":authority", "localhost"],
    ...fields,
  ]);
}
