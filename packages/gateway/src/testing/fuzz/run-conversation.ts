/** Holds a conversation with a server and reads its answers. */
import { connect, type Socket } from "node:net";
import type { Answers } from "./answers.ts";
import { type Conversation, sentBytes } from "./conversation.ts";
import { readHttp1Answers } from "./read-http1-answers.ts";
import { readHttp2Answers } from "./read-http2-answers.ts";

/** Where a conversation is held. */
export interface Talk {
  readonly port: number;
  /** Resolves when the server has answered somebody else meanwhile. */
  readonly pause: () => Promise<void>;
}

/** What came of it. */
export interface TalkOutcome extends Answers {
  /** From the client's last byte to the server's end. */
  readonly closingMs: number;
}

/** Label of a conversation without any. */
export const noAnswer = "closed without an answer";
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/** Longest that a conversation may last, by the clock on the wall of a machine that may be busy. */
const talkLimitMs = 20_000;
/** More than any conversation needs; what comes beyond it is not read. */
const maxReceivedBytes = 8 * 2 ** 20;

/** Holds it. */
export async function runConversation(conversation: Conversation, talk: Talk): Promise<TalkOutcome> {
  const client = new Client(talk.port);
  await client.opened;
  for (const step of conversation.steps) {
    if (client.isClosed) break;
    if (step.kind === "send") await client.send(step.bytes);
    else await talk.pause();
  }
  if (conversation.ending === "reset") return { ...(await client.reset()), closingMs: 0 };
  const startedMs = performance.now();
  const end = await client.end();
  const closingMs = performance.now() - startedMs;
  return { ...answersOf({ sent: sentBytes(conversation), received: client.received(), end }), closingMs };
}

interface Finished {
  readonly sent: Buffer;
  readonly received: Buffer;
  readonly end: "ended" | "broken" | "timeout";
}

function answersOf({ sent, received, end }: Finished): Answers {
  const isWhole = end === "ended" && received.length < maxReceivedBytes;
  const exchanged = { sent, received, isWhole };
  const isHttp2 = sent.toString("latin1", 0, preface.length) === preface;
  const { labels, problems } = isHttp2 ? readHttp2Answers(exchanged) : readHttp1Answers(exchanged);
  if (end === "timeout") return { labels: [...labels, "not over"], problems: [...problems, `not over within ${talkLimitMs} ms`] };
  return { labels: labels.length > 0 ? labels : [noAnswer], problems };
}

class Client {
  /** Connected, or in vain. */
  readonly opened: Promise<void>;
  readonly #socket: Socket;
  readonly #closed: Promise<void>;
  readonly #received: Buffer[] = [];
  #receivedBytes = 0;
  #hasEnded = false;
  #isTooLate = false;
  isClosed = false;

  constructor(port: number) {
    this.#socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    this.#closed = new Promise((resolve) => {
      this.#socket.once("close", () => {
        this.isClosed = true;
        clearTimeout(limit);
        resolve();
      });
    });
    const connected = new Promise<void>((resolve) => this.#socket.once("connect", () => resolve()));
    this.opened = Promise.race([connected, this.#closed]);
    const limit = setTimeout(() => {
      this.#isTooLate = true;
      this.#socket.destroy();
    }, talkLimitMs);
    // A server that refuses what it did not read to the end breaks the connection, which is told by what came before it.
    this.#socket.on("error", () => {});
    this.#socket.on("end", () => (this.#hasEnded = true));
    this.#socket.on("data", (chunk: Buffer) => {
      this.#receivedBytes += chunk.length;
      if (this.#receivedBytes <= maxReceivedBytes) this.#received.push(chunk);
    });
  }

  received(): Buffer {
    return Buffer.concat(this.#received);
  }

  send(bytes: Buffer): Promise<void> {
    return new Promise((resolve) => this.#socket.write(bytes, () => resolve()));
  }

  async reset(): Promise<Answers> {
    this.#socket.resetAndDestroy();
    await this.#closed;
    return { labels: ["reset by the client"], problems: [] };
  }

  async end(): Promise<Finished["end"]> {
    this.#socket.end();
    await this.#closed;
    if (this.#isTooLate) return "timeout";
    return this.#hasEnded ? "ended" : "broken";
  }
}
