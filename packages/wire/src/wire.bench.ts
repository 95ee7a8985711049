/**
 * CPU per request of a gRPC echo server on `wire` beside one on `node:http2`: alternating runs in child processes, medians. Run by hand:
 *
 *     node --conditions=modelyard-source packages/wire/src/wire.bench.ts [requests] [in flight]
 *
 * Budget: at most a fifth of `node:http2` at ten streams.
 */
import { type ChildProcess, fork } from "node:child_process";
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { seededRandom, silentLog, systemClock } from "@modelyard/core";
import { connectPeer, createWireServer, grpcCall, grpcUnary, type Peer } from "./index.ts";

type Kind = "wire" | "node:http2";

const clock = systemClock();
const pairs = 5;

if (process.send) await serve(process.argv[2] === "wire" ? "wire" : "node:http2");
else await compare(Number(process.argv[2] ?? 20_000), Number(process.argv[3] ?? 10));

async function serve(kind: Kind): Promise<void> {
  const port = kind === "wire" ? await serveOnWire() : await serveOnNode();
  process.on("message", () => process.send?.({ cpu: process.cpuUsage() }));
  process.on("disconnect", () => process.exit(0));
  process.send?.({ port });
}

async function serveOnWire(): Promise<number> {
  const answered = { clock, maxMessageBytes: 1024 * 1024, onCall: echo };
  const server = createWireServer({ clock, log: silentLog() }, (exchange) => grpcUnary(exchange, answered));
  const address = await server.listen({ host: "127.0.0.1", port: 0 });
  return "port" in address ? address.port : 0;
}

function echo(call: { respond(message: Uint8Array): void }, message: Uint8Array): void {
  call.respond(message);
}

function serveOnNode(): Promise<number> {
  const server = createServer();
  server.on("stream", (stream) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => {
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(Buffer.concat(chunks));
    });
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)); // A TCP listener's address is an object.
  });
}

async function compare(requests: number, inFlight: number): Promise<void> {
  const samples: Record<Kind, number[]> = { wire: [], "node:http2": [] };
  for (let pair = 0; pair < pairs; pair++) {
    for (const kind of ["wire", "node:http2"] as const) samples[kind].push(await measure(kind, requests, inFlight));
  }
  const [ours, theirs] = [median(samples.wire), median(samples["node:http2"])];
  console.log(JSON.stringify({ requests, inFlight, unit: "CPU µs/request", samples, ours, theirs, ratio: round(ours / theirs) }));
}

/** CPU microseconds per request of one server process, after a warm-up of a quarter of the requests. */
async function measure(kind: Kind, requests: number, inFlight: number): Promise<number> {
  const child = fork(fileURLToPath(import.meta.url), [kind]);
  const { port } = await answerOf<{ readonly port: number }>(child);
  const peer = connectPeer({ address: { host: "127.0.0.1", port }, clock, log: silentLog(), random: seededRandom(1) });
  await load(peer, requests / 4, inFlight);
  const before = await cpuOf(child);
  await load(peer, requests, inFlight);
  const after = await cpuOf(child);
  await peer.close();
  child.disconnect();
  return round((after - before) / requests);
}

async function load(peer: Peer, requests: number, inFlight: number): Promise<void> {
  const message = Buffer.alloc(3200, 7);
  let left = requests;
  const worker = async (): Promise<void> => {
    while (left-- > 0) await grpcCall(peer, { path: "/test.Echo/Unary", message });
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
}

async function cpuOf(child: ChildProcess): Promise<number> {
  child.send("cpu");
  const { cpu } = await answerOf<{ readonly cpu: NodeJS.CpuUsage }>(child);
  return cpu.user + cpu.system;
}

function answerOf<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve) => child.once("message", (message) => resolve(message as T))); // Sent by `serve` above.
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
