/** What a server sent back, in the words of `wrong-requests.ts`. */
import { type Code, codeOfGrpcStatus } from "@modelyard/core";
import { errorCodeName, framesOf, HpackDecoder } from "@modelyard/wire/testing";

/** Address of the good request that is sent behind each wrong one; its answer names the model. */
export const goodTarget = "/v2/models/pair/ready";
/** Stream of that request. */
export const goodStream = 1001;
const goodBody = '{"name":"pair","ready":true}';
const longestShown = 100;

/** The answers in what a server of HTTP/1.1 sent; one that is not complete is none. */
export function http1Outcome(received: Buffer): readonly string[] {
  const answers: string[] = [];
  for (let rest = received; rest.length > 0; ) {
    const headEnd = rest.indexOf("\r\n\r\n");
    if (headEnd < 0) break;
    const head = rest.toString("latin1", 0, headEnd);
    const end = headEnd + 4 + Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
    if (end > rest.length) break;
    const status = /^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1] ?? "no status";
    const reason = /\r\nmodelyard-reason: ([^\r]*)/i.exec(head)?.[1];
    answers.push(answerText({ status, reason, body: rest.toString("utf8", headEnd + 4, end) }));
    rest = rest.subarray(end);
  }
  return answers;
}

interface Answer {
  readonly status: string;
  readonly reason: string | undefined;
  readonly body: string;
}

function answerText({ status, reason, body }: Answer): string {
  if (status === "200" && body === goodBody) return "next";
  if (Number(status) < 400) return `${status} ${body.slice(0, longestShown)}`.trimEnd();
  if (!hasErrorText(body)) return `${status} ${reason ?? "without a reason"} and without a text`;
  return `${status} ${reason ?? "without a reason"}`;
}

/** Where every client of the protocol looks for what was wrong. */
function hasErrorText(body: string): boolean {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === "object" && parsed !== null && "error" in parsed && typeof parsed.error === "string";
  } catch {
    // No JSON.
    return false;
  }
}

/** One stream as it was answered. */
interface StreamAnswer {
  readonly heads: (readonly (readonly [name: string, value: string])[])[];
  readonly data: Buffer[];
  hasEnded: boolean;
  resetCode: number | undefined;
}

/** The answers in what a server of HTTP/2 sent, by their streams; a server that stops a client it has answered (NO_ERROR) adds nothing. */
export function http2Outcome(received: Buffer): readonly string[] {
  const streams = new Map<number, StreamAnswer>();
  let goAway: number | undefined;
  const decoder = new HpackDecoder(4096, 1024 * 1024);
  for (const { type, flags, streamId, payload } of framesOf(received)) {
    if (type === 7) goAway = payload.readUInt32BE(4);
    if (streamId === 0) continue;
    const stream = streams.get(streamId) ?? { heads: [], data: [], hasEnded: false, resetCode: undefined };
    streams.set(streamId, stream);
    if (type === 0) stream.data.push(payload);
    if (type === 1) stream.heads.push(decoder.decode(payload).fields);
    if (type === 3) stream.resetCode = payload.readUInt32BE(0);
    if (type < 2 && (flags & 1) !== 0) stream.hasEnded = true;
  }
  const ids = [...streams.keys()].sort((a, b) => a - b);
  const answers = ids.flatMap((id) => streamTexts(streams.get(id)));
  return goAway === undefined || goAway === 0 ? answers : [...answers, `GOAWAY ${errorCodeName(goAway)}`];
}

function streamTexts(stream: StreamAnswer | undefined): readonly string[] {
  if (!stream) return [];
  const { heads, data, hasEnded, resetCode } = stream;
  const reset = resetCode === undefined || resetCode === 0 ? [] : [`RST_STREAM ${errorCodeName(resetCode)}`];
  if (!hasEnded) return reset;
  const fields = heads.flat();
  const get = (name: string): string | undefined => fields.find(([known]) => known === name)?.[1];
  const reason = get("modelyard-reason");
  const grpcStatus = get("grpc-status");
  const body = Buffer.concat(data);
  if (grpcStatus === undefined) return [answerText({ status: get(":status") ?? "no status", reason, body: body.toString() }), ...reset];
  const code: Code | "OK" = grpcStatus === "0" ? "OK" : codeOfGrpcStatus(Number(grpcStatus));
  return [...repliesIn(body), code === "OK" ? code : `${code} ${reason ?? "without a reason"}`, ...reset];
}

/** Messages of an answer: the text of an error in a stream (`error_message`, the first field), or that it is none. */
function repliesIn(body: Buffer): readonly string[] {
  const replies: string[] = [];
  for (let at = 0; at + 5 <= body.length; ) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    const message = body.subarray(at + 5, end);
    const hasText = message[0] === 0x0a && message[1] !== undefined && message[1] < 128;
    replies.push(hasText ? `reply: ${message.toString("utf8", 2, 2 + (message[1] ?? 0))}` : "reply");
    at = end;
  }
  return replies;
}
