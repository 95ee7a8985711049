/** Reads answers of HTTP/2 and of gRPC over it: heads, trailers, resets, the end of the connection. */
import { codeOfGrpcStatus } from "@modelyard/core";
import { errorCodeName, framesOf, HpackDecoder, type ReceivedFrame } from "@modelyard/wire/testing";
import { type Answers, statusLabel, statusProblems } from "./answers.ts";
import type { Exchanged } from "./read-http1-answers.ts";

/** The text of the one refusal that gRPC itself has as INTERNAL: a client that does not frame its messages as it must. */
const malformedMessage = "The gRPC message is not well formed";
const frameHeaderBytes = 9;
const prefaceBytes = 24;
const tableBytes = 4096;
const maxListBytes = 2 ** 20;

/** An answer while its frames are read. */
interface Stream {
  isGrpcWeb: boolean;
  blocks: number;
  status: number;
  grpcStatus: number | undefined;
  grpcMessage: string;
  body: string;
}

/** Reads all answers. */
export function readHttp2Answers({ sent, received, isWhole }: Exchanged): Answers {
  const frames = framesOf(received);
  const problems: string[] = [];
  const usedBytes = frames.reduce((sum, { payload }) => sum + frameHeaderBytes + payload.length, 0);
  if (isWhole && usedBytes < received.length) problems.push("a frame that is cut off");
  const endings = frames.flatMap((frame) => endingOf(frame));
  problems.push(...endings.filter((ending) => ending.endsWith("INTERNAL_ERROR")).map((ending) => `ended by ${ending}`));
  const streams = readStreams(frames);
  const asked = new Set(sentFrames(sent).flatMap(({ type, streamId }) => (type === 1 ? [streamId & 0x7fff_ffff] : [])));
  const byStream = [...streams].toSorted(([a], [b]) => a - b);
  for (const [streamId, stream] of byStream) problems.push(...problemsOf(stream, streamId, asked));
  return {
    labels: [...byStream.map(([, stream]) => labelOf(stream)), ...endings.filter((ending) => ending !== "goaway NO_ERROR")],
    problems,
  };
}

/** What a RST_STREAM or GOAWAY says; nothing for other frames. */
function endingOf({ type, payload }: ReceivedFrame): readonly string[] {
  if (type === 3) return [`reset ${errorCodeName(payload.readUInt32BE(0))}`];
  return type === 7 ? [`goaway ${errorCodeName(payload.readUInt32BE(4))}`] : [];
}

function sentFrames(sent: Buffer): readonly ReceivedFrame[] {
  return framesOf(sent.subarray(prefaceBytes));
}

function readStreams(frames: readonly ReceivedFrame[]): ReadonlyMap<number, Stream> {
  const decoder = new HpackDecoder(tableBytes, maxListBytes);
  const streams = new Map<number, Stream>();
  let block: Buffer[] = [];
  for (const { type, flags, streamId, payload } of frames) {
    const stream = streams.get(streamId) ?? { isGrpcWeb: false, blocks: 0, status: 0, grpcStatus: undefined, grpcMessage: "", body: "" };
    if (type === 0 && (stream.status >= 400 || stream.isGrpcWeb)) stream.body += payload.toString("latin1");
    if (type !== 1 && type !== 9) continue;
    streams.set(streamId, stream);
    block.push(payload);
    if ((flags & 4) === 0) continue;
    for (const [name, value] of decoder.decode(Buffer.concat(block)).fields) {
      if (name === ":status") stream.status = Number(value);
      if (name === "grpc-status") stream.grpcStatus = Number(value);
      if (name === "content-type") stream.isGrpcWeb = value.startsWith("application/grpc-web");
      if (name === "grpc-message") stream.grpcMessage = value;
    }
    block = [];
    if (stream.status >= 200) stream.blocks++;
  }
  for (const stream of streams.values()) readWebTrailers(stream);
  return streams;
}

/** The status of gRPC-Web is at the end of the body, unless that is in base64. */
function readWebTrailers(stream: Stream): void {
  if (!stream.isGrpcWeb) return;
  const [, code, message = ""] = /grpc-status: ?(\d+)\r\n(?:grpc-message: ?([^\r]*))?/.exec(stream.body) ?? [];
  if (code === undefined) return;
  stream.grpcStatus = Number(code);
  stream.grpcMessage = message;
}

function labelOf({ status, grpcStatus, body, isGrpcWeb }: Stream): string {
  if (grpcStatus !== undefined) return `${isGrpcWeb ? "grpc-web" : "grpc"} ${grpcStatus === 0 ? "OK" : codeOfGrpcStatus(grpcStatus)}`;
  return statusLabel("http2", status, body);
}

function problemsOf(
  { blocks, status, grpcStatus, grpcMessage, body }: Stream,
  streamId: number,
  asked: ReadonlySet<number>,
): readonly string[] {
  const isFault = grpcStatus === 2 || grpcStatus === 15 || (grpcStatus === 13 && !grpcMessage.startsWith(malformedMessage));
  return [
    ...statusProblems(status, body),
    ...(isFault ? [`answered gRPC status ${grpcStatus}: ${grpcMessage}`] : []),
    ...(asked.has(streamId) ? [] : [`an answer on stream ${streamId}, which was not opened`]),
    ...(blocks > 2 ? [`${blocks} header blocks on stream ${streamId}`] : []),
  ];
}
