/** Sends one case to a server and says what became of it, in the words of `http1-cases.ts`. */
import { connect } from "node:net";

/** A TCP address. */
export interface TcpAddress {
  readonly host: string;
  readonly port: number;
}

const next = "GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const answerToNext = "200 GET /next 0";

/** When a server is said to wait for more. */
export interface Patience {
  /** Answers before which it may be silent for `longMs`. */
  readonly answers: number;
  readonly longMs: number;
  /** Silence after these answers. */
  readonly shortMs: number;
}

/** Sends the parts and the request behind them; resolves when the server has closed or was silent for as long as it may be. */
export async function observeHttp1(address: TcpAddress, parts: readonly Buffer[], patience: Patience): Promise<readonly string[]> {
  const { received, isClosed } = await converse(address, [...parts, Buffer.from(next, "latin1")], patience);
  const outcome = answersIn(received);
  if (outcome.at(-1) === answerToNext) return [...outcome.slice(0, -1), "next"];
  return isClosed ? outcome : [...outcome, "waits"];
}

interface Conversation {
  readonly received: string;
  readonly isClosed: boolean;
}

function converse(address: TcpAddress, parts: readonly Buffer[], patience: Patience): Promise<Conversation> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...address, noDelay: true, allowHalfOpen: true });
    let received = "";
    const finish = (isClosed: boolean): void => {
      socket.destroy();
      resolve({ received, isClosed });
    };
    const listen = (): void => void socket.setTimeout(answersIn(received).length < patience.answers ? patience.longMs : patience.shortMs);
    socket.on("timeout", () => finish(false));
    socket.on("data", (chunk: Buffer) => {
      received += chunk.toString("latin1");
      listen();
    });
    listen();
    socket.on("end", () => finish(true));
    // A server that closes on what it has not read resets the connection; what it said before has arrived.
    socket.on("error", (error: NodeJS.ErrnoException) => (error.code === "ECONNREFUSED" ? reject(error) : finish(true)));
    const write = (at: number): void => {
      const part = parts[at];
      if (part && !socket.destroyed) socket.write(part, () => setImmediate(write, at + 1));
    };
    // The last part and the request behind it are one write: a server must find the border itself.
    parts = [...parts.slice(0, -2), Buffer.concat(parts.slice(-2))];
    socket.on("connect", () => write(0));
  });
}

/** Bodies of the servers never contain the beginning of a status line, so that answers can be told apart without trust in their framing. */
function answersIn(received: string): string[] {
  return received
    .split(/(?=HTTP\/1\.[01] \d{3} )/)
    .filter((text) => text !== "")
    .map(answerOf);
}

function answerOf(text: string): string {
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1];
  if (status === undefined) return "answer without a head";
  const served = status === "200" ? /\r\nx-served: ([^\r]*)/i.exec(text)?.[1] : undefined;
  if (served === undefined) return status;
  return served.length > 100 ? `${status} ${served.slice(0, 20)}… (${served.length})` : `${status} ${served}`;
}
