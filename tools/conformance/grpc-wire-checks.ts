/** Checks of gRPC as HTTP/2 carries it. Source: "gRPC over HTTP2", and "gRPC Compression". */
import { gzipSync } from "node:zlib";
import { status } from "@grpc/grpc-js";
import type { Check, Subject } from "./check.ts";
import { frame, type RawGrpcAnswer, type RawGrpcCall, rawGrpcCall } from "./raw-grpc-call.ts";

interface Row {
  readonly id: string;
  readonly expected: string;
  readonly isWrong?: boolean;
  readonly call: (subject: Subject) => RawGrpcCall;
  readonly holds: (answer: RawGrpcAnswer) => boolean;
}

const ours = "of gRPC, not of the protocol";
const service = "/inference.GRPCInferenceService";
const live = `${service}/ServerLive`;
const empty = new Uint8Array();
const ready = Buffer.from([0x08, 0x01]);

const rows: readonly Row[] = [
  {
    id: "form",
    expected: "200, application/grpc, a message, grpc-status 0 in trailers",
    call: () => ({ path: live, body: frame(empty) }),
    holds: (answer) => answer.httpStatus === 200 && isGrpc(answer) && answer.hasTrailers && answer.grpcStatus === 0 && says(answer, ready),
  },
  {
    id: "error-form",
    expected: "200 and NOT_FOUND with a message, without a body",
    isWrong: true,
    call: () => ({ path: `${service}/ModelMetadata`, body: frame(nameOf("absent")) }),
    holds: (answer) =>
      answer.httpStatus === 200 && answer.grpcStatus === status.NOT_FOUND && answer.grpcMessage !== "" && answer.body.length === 0,
  },
  {
    id: "content-type-proto",
    expected: "an answer to application/grpc+proto",
    call: () => ({ path: live, headers: { "content-type": "application/grpc+proto" }, body: frame(empty) }),
    holds: (answer) => answer.grpcStatus === 0 && says(answer, ready),
  },
  {
    id: "gzip-in",
    expected: "an answer to a message in gzip",
    call: ({ model }) => ({
      path: `${service}/ModelReady`,
      headers: { "grpc-encoding": "gzip" },
      body: frame(gzipSync(nameOf(model)), 1),
    }),
    holds: (answer) => answer.grpcStatus === 0,
  },
  {
    id: "gzip-announced-only",
    expected: "an answer: grpc-encoding gzip, and a message that is not compressed",
    call: ({ model }) => ({ path: `${service}/ModelReady`, headers: { "grpc-encoding": "gzip" }, body: frame(nameOf(model)) }),
    holds: (answer) => answer.grpcStatus === 0,
  },
  {
    id: "gzip-damaged",
    expected: "an error: what is compressed is not gzip",
    isWrong: true,
    call: ({ model }) => ({ path: `${service}/ModelReady`, headers: { "grpc-encoding": "gzip" }, body: frame(nameOf(model), 1) }),
    holds: isRefused,
  },
  {
    id: "encoding-unknown",
    expected: "UNIMPLEMENTED, and which encodings are accepted",
    isWrong: true,
    call: ({ model }) => ({ path: `${service}/ModelReady`, headers: { "grpc-encoding": "br7" }, body: frame(nameOf(model), 1) }),
    holds: ({ grpcStatus, head }) => grpcStatus === status.UNIMPLEMENTED && head["grpc-accept-encoding"] !== undefined,
  },
  {
    id: "compressed-unnamed",
    expected: "INTERNAL: compressed, and no grpc-encoding",
    isWrong: true,
    call: ({ model }) => ({ path: `${service}/ModelReady`, body: frame(gzipSync(nameOf(model)), 1) }),
    holds: isRefused,
  },
  {
    id: "message-cut",
    expected: "an error: the message ends early",
    isWrong: true,
    call: () => ({ path: live, body: Buffer.from([0, 0, 0, 0, 9, 1]) }),
    holds: isRefused,
  },
  {
    id: "message-none",
    expected: "an error: there is no message",
    isWrong: true,
    call: () => ({ path: live, body: empty }),
    holds: isRefused,
  },
  {
    id: "message-no-protobuf",
    expected: "an error: the field is cut",
    isWrong: true,
    call: () => ({ path: `${service}/ModelReady`, body: frame(Buffer.from([0x0a, 0x7f, 0x61])) }),
    holds: isRefused,
  },
  {
    id: "frame-flag",
    expected: "an error: 9 is no flag",
    isWrong: true,
    call: () => ({ path: live, body: frame(empty, 9) }),
    holds: isRefused,
  },
  {
    id: "timeout-no-number",
    expected: "an error: no time",
    isWrong: true,
    call: () => ({ path: live, headers: { "grpc-timeout": "soon" }, body: frame(empty) }),
    holds: isRefused,
  },
  {
    id: "deadline",
    expected: "DEADLINE_EXCEEDED or a reset: the client of a stream is silent for longer than its 200 ms",
    isWrong: true,
    call: () => ({ path: `${service}/ModelStreamInfer`, headers: { "grpc-timeout": "200m" }, body: empty, isOpen: true }),
    holds: ({ grpcStatus, resetCode }) => grpcStatus === status.DEADLINE_EXCEEDED || resetCode !== 0,
  },
];

/** Every check of the wire. */
export const grpcWireChecks: readonly Check[] = rows.map(({ id, expected, isWrong = false, call, holds }) => ({
  id: `grpc-wire-${id}`,
  section: "gRPC on the wire",
  protocol: "gRPC",
  isWrong,
  expected,
  ours,
  run: async (subject) => {
    const answer = await rawGrpcCall(subject.grpcAddress, call(subject));
    const isUnsupported = answer.grpcStatus === status.UNIMPLEMENTED;
    return { actual: shown(answer), isRight: holds(answer), isUnsupported, isRefused: isWrong && isRefused(answer) };
  },
}));

/** Field 1, a string: the name in most messages of the protocol. */
function nameOf(name: string): Buffer {
  return Buffer.concat([Buffer.from([0x0a, name.length]), Buffer.from(name)]);
}

function isGrpc({ contentType }: RawGrpcAnswer): boolean {
  return contentType.startsWith("application/grpc");
}

function says({ body }: RawGrpcAnswer, message: Uint8Array): boolean {
  return body.equals(frame(message));
}

/** By a status, or by a reset of the server. */
function isRefused({ grpcStatus, resetCode, httpStatus }: RawGrpcAnswer): boolean {
  return (grpcStatus !== undefined && grpcStatus !== 0) || httpStatus >= 400 || (resetCode !== 0 && grpcStatus === undefined);
}

function shown({ httpStatus, grpcStatus, grpcMessage, resetCode, body, isSilent }: RawGrpcAnswer): string {
  if (isSilent) return "nothing came";
  const end = grpcStatus === undefined ? "no grpc-status" : (status[grpcStatus] ?? String(grpcStatus));
  return `${httpStatus}, ${end}${grpcMessage && `: ${grpcMessage.slice(0, 120)}`}, ${body.length} bytes${resetCode ? `, reset ${resetCode}` : ""}`;
}
