/**
 * Clients that ask for large answers and read next to nothing of them. Over HTTP/1.1 the kernel takes up to 4 MiB of an answer from the server, so it is
 * larger; over HTTP/2 the window of a stream holds the rest back, and what is cut off is the stream.
 */
import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { type Finding, mebibytes, problemsOf, watchPressure } from "./7-pressure.ts";
import { echoModel, type Target } from "./7-target.ts";

const http1Readers = 60;
const http2Readers = 140;
const opensAtOnce = 5;
const http1AnswerBytes = 6 * 2 ** 20;
const http2AnswerBytes = 2 ** 20;
/** What all connections together may hold by default, a quarter more for what is not collected yet, and room for the runs themselves. */
const maxGrowthBytes = 1.25 * 2 ** 30 + 128 * 2 ** 20;
const cutOffLimitMs = 200_000;

/** Asks on many connections at once, and waits until the server has cut all of them off. */
export async function slowReaders(target: Target): Promise<Finding> {
  const watch = await watchPressure(target);
  const http1 = await openMany(http1Readers, () => overHttp1(target));
  const http2 = await openMany(http2Readers, () => overHttp2(target));
  const cut = await Promise.race([Promise.all(http2.map(({ isCutOff }) => isCutOff)), delay(cutOffLimitMs, [])]);
  for (const client of http2) client.close();
  // A socket that is not read does not tell its client that it was closed: the server's handles do.
  const leftOver = await watch.released(cutOffLimitMs);
  for (const client of http1) client.close();
  const pressure = await watch.stop();
  const clients = [...http1, ...http2];
  const answering = clients.filter(({ isAnswered }) => isAnswered).length;
  const problems = [
    ...problemsOf(pressure, { maxGrowthBytes, leftOver }),
    ...(answering < clients.length ? [`${clients.length - answering} got no answer to begin with`] : []),
    ...(cut.length < http2.length ? ["not every stream was cut off"] : []),
  ];
  const answers = `${http1.length} readers of ${mebibytes(http1AnswerBytes)} over HTTP/1.1 and ${http2.length} of ${mebibytes(http2AnswerBytes)} over HTTP/2`;
  return {
    measured: `${answers}, ${target.name}: memory +${mebibytes(pressure.growthBytes)} of ${mebibytes(maxGrowthBytes)} allowed, ${http1.length - leftOver} connections and ${cut.length} streams cut off, good requests ${String(pressure.good)}`,
    problems: problems.map((one) => `slow readers over ${target.name}: ${one}`),
  };
}

async function openMany(count: number, open: () => Promise<SlowReader>): Promise<readonly SlowReader[]> {
  const readers: SlowReader[] = [];
  while (readers.length < count) readers.push(...(await Promise.all(Array.from({ length: opensAtOnce }, open))));
  return readers;
}

interface SlowReader {
  /** Whether its answer began. */
  readonly isAnswered: boolean;
  /** Resolves when the server ended the answer, as far as the client can see that. */
  readonly isCutOff: Promise<void>;
  close(): void;
}

interface PreparedRequest {
  readonly fields: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

function prepare(answerBytes: number): PreparedRequest {
  const input = { name: "IN", shape: [answerBytes / 4], datatype: "FP32", parameters: { binary_data_size: answerBytes } };
  const json = Buffer.from(JSON.stringify({ inputs: [input], parameters: { binary_data_output: true } }));
  const body = Buffer.concat([json, Buffer.alloc(answerBytes)]);
  const length = { "inference-header-content-length": String(json.length), "content-length": String(body.length) };
  return { fields: { "content-type": "application/octet-stream", ...length }, body };
}

const large = prepare(http1AnswerBytes);
const small = prepare(http2AnswerBytes);
const path = `/v2/models/${echoModel}/infer`;

function overHttp1(target: Target): Promise<SlowReader> {
  const lines = Object.entries({ host: "127.0.0.1", ...target.headers, ...large.fields }).map(([name, value]) => `${name}: ${value}\r\n`);
  const socket = target.socket("http/1.1");
  socket.write(`POST ${path} HTTP/1.1\r\n${lines.join("")}\r\n`);
  socket.write(large.body);
  return firstBytes(socket);
}

/** In this mode a socket takes one buffer and then no more. */
function firstBytes(socket: Socket): Promise<SlowReader> {
  const isCutOff = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  return new Promise((resolve) => {
    const done = (isAnswered: boolean): void => resolve({ isAnswered, isCutOff, close: () => socket.destroy() });
    socket.once("readable", () => done(String(socket.read(12)) === "HTTP/1.1 200"));
    socket.once("close", () => done(false));
  });
}

function overHttp2(target: Target): Promise<SlowReader> {
  const session = target.http2();
  const stream = session.request({ ":method": "POST", ":path": path, ...target.headers, ...small.fields });
  const isCutOff = new Promise<void>((resolve) => stream.on("error", () => {}).once("close", () => resolve()));
  stream.end(small.body);
  return new Promise((resolve) => {
    const done = (isAnswered: boolean): void => resolve({ isAnswered, isCutOff, close: () => session.destroy() });
    stream.once("response", (head) => done(head[":status"] === 200));
    session.once("close", () => done(false));
  });
}
