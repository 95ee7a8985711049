/** Sends the cases of `wrong-requests.ts` to a server and says what became of each. */
import { connect, type Socket } from "node:net";
import { rawFrame } from "@modelyard/wire/testing";
import { bytesOfRequest, literalBlock, type RequestBytes } from "./wrong-request-bytes.ts";
import { goodStream, goodTarget, http1Outcome, http2Outcome } from "./wrong-request-outcome.ts";
import type { WrongRequest } from "./wrong-requests.ts";

/** A TCP address. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

/** A case with its bytes, for those who send it many times. */
export interface PreparedRequest {
  readonly one: WrongRequest;
  readonly bytes: RequestBytes;
}

/** What became of one case. */
export interface WrongRequestResult {
  readonly id: string;
  readonly expected: readonly string[];
  readonly actual: readonly string[];
  readonly isAsExpected: boolean;
}

/** Builds the bytes of a case. */
export function prepareRequest(one: WrongRequest): PreparedRequest {
  return { one, bytes: bytesOfRequest(one) };
}

/** Silence after which a server that should have answered or closed has not. */
const longestSilenceMs = 10_000;
const writtenAtOnceBytes = 64 * 1024;

/** Sends the cases, some at once (default 8); the results are in their order. */
export async function runWrongRequests(
  address: ServerAddress,
  requests: readonly PreparedRequest[],
  atOnce = 8,
): Promise<readonly WrongRequestResult[]> {
  const results: WrongRequestResult[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < requests.length; at = next++) {
      const request = requests[at];
      if (request) results[at] = await runOne(address, request);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}

async function runOne(address: ServerAddress, { one, bytes }: PreparedRequest): Promise<WrongRequestResult> {
  const { id, expected } = one;
  const actual = await new Conversation(address, one, bytes).outcome;
  return { id, expected, actual, isAsExpected: JSON.stringify(actual) === JSON.stringify(expected) };
}

const goodHttp1 = Buffer.from(`GET ${goodTarget} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`, "latin1");
const goodHttp2 = rawFrame(
  1,
  5,
  goodStream,
  literalBlock([
    [":method", "GET"],
    [":scheme", "http"],
    [":path", goodTarget],
    [":authority", "localhost"],
  ]),
);

/**
 * One connection with one case. Over HTTP/1.1 the good request is written with the end of the wrong one, so that the server must find the
 * border itself. Over HTTP/2 it follows when all that is expected has come: what else the server was about to say comes before its answer.
 */
class Conversation {
  readonly outcome: Promise<readonly string[]>;
  readonly #one: WrongRequest;
  readonly #isHttp2: boolean;
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #hasSentGood = false;

  constructor(address: ServerAddress, one: WrongRequest, { protocol, parts }: RequestBytes) {
    this.#one = one;
    this.#isHttp2 = protocol === "h2";
    this.#socket = connect({ ...address, noDelay: true, allowHalfOpen: true });
    this.outcome = this.#observe();
    const sendsGood = !this.#isHttp2 && one.ends !== true;
    const slices = (sendsGood ? withGood(parts) : parts).flatMap(slicesOf);
    this.#socket.on("connect", () => this.#write(slices, 0));
  }

  #observe(): Promise<readonly string[]> {
    const socket = this.#socket;
    return new Promise((resolve, reject) => {
      const finish = (isSilent: boolean): void => {
        socket.destroy();
        resolve(isSilent ? [...this.#answers(), "waits"] : this.#answers());
      };
      socket.setTimeout(longestSilenceMs, () => finish(true));
      socket.on("data", (chunk: Buffer) => {
        this.#received = Buffer.concat([this.#received, chunk]);
        if (this.#isHttp2 && this.#isDone()) finish(false);
      });
      socket.on("end", () => finish(false));
      socket.on("close", () => finish(false));
      // A server that closes on what it has not read resets the connection; what it said before has arrived.
      socket.on("error", (error: NodeJS.ErrnoException) => {
        if (error.code === "ECONNREFUSED") reject(error);
      });
    });
  }

  #answers(): readonly string[] {
    return this.#isHttp2 ? http2Outcome(this.#received) : http1Outcome(this.#received);
  }

  /** Whether the good request was answered; sends it when it is due. */
  #isDone(): boolean {
    const answers = this.#answers();
    const wanted = this.#one.expected.filter((entry) => entry !== "next").length;
    if (!this.#hasSentGood && this.#one.expected.includes("next") && answers.length >= wanted) {
      this.#hasSentGood = true;
      this.#socket.write(goodHttp2);
    }
    return answers.includes("next");
  }

  #write(slices: readonly Buffer[], at: number): void {
    const slice = slices[at];
    if (this.#socket.destroyed) return;
    if (slice) this.#socket.write(slice, () => setImmediate(() => this.#write(slices, at + 1)));
    else if (this.#one.ends) this.#socket.end();
  }
}

/** The last part and the good request are one write. */
function withGood(parts: readonly Buffer[]): readonly Buffer[] {
  return [...parts.slice(0, -1), Buffer.concat([...parts.slice(-1), goodHttp1])];
}

/** Large parts are cut, so that sending can stop when the answer has come. */
function slicesOf(part: Buffer): readonly Buffer[] {
  const count = Math.max(1, Math.ceil(part.length / writtenAtOnceBytes));
  return Array.from({ length: count }, (_, index) => part.subarray(index * writtenAtOnceBytes, (index + 1) * writtenAtOnceBytes));
}
