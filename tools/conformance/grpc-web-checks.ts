/** Checks of gRPC-Web, the gRPC of web pages: over HTTP/1.1, with the trailers as the last frame of the body. Source: gRPC, "gRPC Web". */
import { status } from "@grpc/grpc-js";
import type { Check, Outcome } from "./check.ts";
import { callLimitMs } from "./grpc-exchange.ts";
import { frame } from "./raw-grpc-call.ts";

interface Row {
  readonly id: string;
  readonly expected: string;
  readonly isWrong?: boolean;
  readonly isText?: boolean;
  readonly method: string;
  readonly messages: readonly Uint8Array[];
  readonly holds: (answer: WebAnswer) => boolean;
}

interface WebAnswer {
  readonly httpStatus: number;
  readonly contentType: string;
  readonly messages: readonly Buffer[];
  /** In the last frame, or in the head where there is no body. */
  readonly grpcStatus: number | undefined;
}

const ours = "of gRPC, not of the protocol";
const trailersFlag = 0x80;
const empty = new Uint8Array();
const isReady = Buffer.from([0x08, 0x01]);
const absent = Buffer.concat([Buffer.from([0x0a, 6]), Buffer.from("absent")]);

const rows: readonly Row[] = [
  { id: "bytes", expected: "a message, then trailers with status 0", method: "ServerReady", messages: [empty], holds: saysReady },
  { id: "text", expected: "the same in base64", isText: true, method: "ServerReady", messages: [empty], holds: saysReady },
  { id: "error", expected: "NOT_FOUND", isWrong: true, method: "ModelMetadata", messages: [absent], holds: isNotFound },
  { id: "error-text", expected: "NOT_FOUND", isWrong: true, isText: true, method: "ModelMetadata", messages: [absent], holds: isNotFound },
  {
    id: "method-absent",
    expected: "UNIMPLEMENTED",
    isWrong: true,
    method: "ModelForget",
    messages: [empty],
    holds: ({ grpcStatus }) => grpcStatus === status.UNIMPLEMENTED,
  },
  {
    id: "message-none",
    expected: "an error: there is no message",
    isWrong: true,
    method: "ServerReady",
    messages: [],
    holds: ({ grpcStatus = 0, httpStatus }) => grpcStatus !== 0 || httpStatus >= 400,
  },
];

/** Every check of it. */
export const grpcWebChecks: readonly Check[] = rows.map((row) => {
  const { id, expected, isWrong = false } = row;
  const run: Check["run"] = ({ grpcAddress }) => runRow(grpcAddress, row);
  return { id: `grpc-web-${id}`, section: "gRPC-Web", protocol: "gRPC", isWrong, expected, ours, run };
});

async function runRow(address: string, row: Row): Promise<Outcome> {
  let answer: WebAnswer;
  try {
    answer = await call(address, row);
  } catch (error) {
    // A port of gRPC alone ends a connection of HTTP/1.1.
    return { actual: `no answer over HTTP/1.1: ${String(error)}`, isRight: false, isUnsupported: true };
  }
  const { httpStatus, contentType, grpcStatus, messages } = answer;
  const end = grpcStatus === undefined ? "no grpc-status" : (status[grpcStatus] ?? String(grpcStatus));
  const actual = `${httpStatus} ${contentType}, ${end}, ${messages.length} messages`;
  return { actual, isRight: row.holds(answer), isUnsupported: [404, 405, 415, 501].includes(httpStatus) };
}

async function call(address: string, { method, messages, isText = false }: Row): Promise<WebAnswer> {
  const type = isText ? "application/grpc-web-text" : "application/grpc-web+proto";
  const bytes = Buffer.concat(messages.map((message) => frame(message)));
  const response = await fetch(`http://${address}/inference.GRPCInferenceService/${method}`, {
    method: "POST",
    headers: { "content-type": type, accept: type, "x-grpc-web": "1" },
    body: isText ? bytes.toString("base64") : new Uint8Array(bytes),
    signal: AbortSignal.timeout(callLimitMs),
  });
  const received = Buffer.from(await response.arrayBuffer());
  const frames = framesOf(isText ? fromBase64(received.toString("latin1")) : received);
  const trailers =
    frames.find(({ flag }) => flag === trailersFlag)?.bytes.toString() ?? `grpc-status:${response.headers.get("grpc-status")}`;
  const grpcStatus = /^grpc-status: *(\d+)/m.exec(trailers)?.[1];
  return {
    httpStatus: response.status,
    contentType: response.headers.get("content-type") ?? "",
    messages: frames.filter(({ flag }) => flag === 0).map(({ bytes: message }) => message),
    grpcStatus: grpcStatus === undefined ? undefined : Number(grpcStatus),
  };
}

interface Frame {
  readonly flag: number;
  readonly bytes: Buffer;
}

function framesOf(body: Buffer): readonly Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at + 5 <= body.length; ) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    frames.push({ flag: body.readUInt8(at), bytes: body.subarray(at + 5, end) });
    at = end;
  }
  return frames;
}

/** Pieces follow one another, each with its own padding. */
function fromBase64(text: string): Buffer {
  return Buffer.concat((text.match(/[A-Za-z0-9+/]+={0,2}/g) ?? []).map((piece) => Buffer.from(piece, "base64")));
}

function saysReady({ httpStatus, contentType, grpcStatus, messages }: WebAnswer): boolean {
  const isWeb = contentType.startsWith("application/grpc-web");
  return httpStatus === 200 && isWeb && grpcStatus === status.OK && messages.length === 1 && messages.every((one) => one.equals(isReady));
}

function isNotFound({ grpcStatus, messages }: WebAnswer): boolean {
  return grpcStatus === status.NOT_FOUND && messages.length === 0;
}
