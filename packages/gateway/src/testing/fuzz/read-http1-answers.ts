/** Reads answers of HTTP/1.1 (RFC 9112), strictly. */
import { type Answers, statusLabel, statusProblems } from "./answers.ts";

/** What was exchanged on a connection. */
export interface Exchanged {
  readonly sent: Buffer;
  readonly received: Buffer;
  /** Whether `received` is all there was: the server ended its side. */
  readonly isWhole: boolean;
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly end: number;
}

/** Reads all answers. */
export function readHttp1Answers({ sent, received, isWhole }: Exchanged): Answers {
  const text = received.toString("latin1");
  const mayHaveNoBody = sent.includes("HEAD ");
  const labels: string[] = [];
  const problems: string[] = [];
  let finals = 0;
  for (let at = 0; at < text.length; ) {
    const answer = readAnswer(text, at, mayHaveNoBody);
    if (typeof answer === "string") {
      if (isWhole) problems.push(`${answer}: ${JSON.stringify(text.slice(at, at + 200))}`);
      break;
    }
    labels.push(statusLabel("http1", answer.status, answer.body));
    problems.push(...statusProblems(answer.status, answer.body));
    if (answer.status >= 200) finals++;
    at = answer.end;
  }
  const most = mostRequests(sent);
  if (finals > most) problems.push(`${finals} answers to at most ${most} requests`);
  return { labels, problems };
}

/** Heads end in an empty line; what is none can be refused once more. */
function mostRequests(sent: Buffer): number {
  return sent.toString("latin1").split("\r\n\r\n").length;
}

function readAnswer(text: string, at: number, mayHaveNoBody: boolean): Answer | string {
  const headEnd = text.indexOf("\r\n\r\n", at);
  if (headEnd < 0) return "a head without an end";
  const head = text.slice(at, headEnd);
  const status = Number(/^HTTP\/1\.1 (\d{3}) [^\r\n]*(?:\r\n[!-9;-~]+: ?[^\r\n]*)*$/.exec(head)?.[1]);
  if (!(status >= 100 && status < 600)) return "not a head";
  const bodyAt = headEnd + 4;
  if (status < 200 || status === 204 || status === 304) return { status, body: "", end: bodyAt };
  if (mayHaveNoBody && (bodyAt === text.length || text.startsWith("HTTP/1.1 ", bodyAt))) return { status, body: "", end: bodyAt };
  if (/\r\ntransfer-encoding: chunked/i.test(head)) return readChunked(text, bodyAt, status);
  const length = /\r\ncontent-length: (\d+)(?:\r\n|$)/i.exec(head)?.[1];
  const end = length === undefined ? text.length : bodyAt + Number(length);
  return end > text.length ? "a body that is cut off" : { status, body: text.slice(bodyAt, end), end };
}

function readChunked(text: string, bodyAt: number, status: number): Answer | string {
  let body = "";
  for (let at = bodyAt; ; ) {
    // So a server says that an answer it has begun will not be completed (RFC 9112 §8).
    if (at === text.length) return { status, body, end: at };
    const size = /^([0-9a-f]+)\r\n/i.exec(text.slice(at, at + 20))?.[1];
    if (size === undefined) return "a chunk without a size";
    const from = at + size.length + 2;
    const end = from + Number.parseInt(size, 16);
    if (!text.startsWith("\r\n", end)) return "a chunk without an end";
    body += text.slice(from, end);
    at = end + 2;
    if (end === from) return { status, body, end: at };
  }
}
