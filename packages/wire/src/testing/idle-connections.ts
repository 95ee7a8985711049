/**
 * Opens many connections to a server in another process, uses each once, and measures what they cost it while they are idle. A process of its own
 * on the other side too, the caller's, so that the figures are the server's alone.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import type { IdleServerFigures } from "./idle-server.ts";

/** What was measured. */
export interface IdleConnectionsReport {
  /** Connections that were open at the server at once, each after a request that was answered. */
  readonly connections: number;
  readonly rssBeforeBytes: number;
  readonly rssIdleBytes: number;
  /** Growth of the server's resident memory for each connection. */
  readonly bytesPerConnection: number;
  /** Time to a good answer on one more connection, with all others open. */
  readonly answerMs: number;
  /** Open at the server after the client closed all. */
  readonly connectionsAfter: number;
}

const request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const opensAtOnce = 100;
const warmUp = 200;

/** Measures `count` connections; the process needs twice as many handles at most, and so does the server. */
export async function measureIdleConnections(count: number): Promise<IdleConnectionsReport> {
  const execArgv = ["--conditions=modelyard-source", "--expose-gc"];
  const server = fork(join(import.meta.dirname, "idle-server.ts"), [], { execArgv });
  try {
    return await measure(server, await portOf(server), count);
  } finally {
    server.disconnect();
    await once(server, "exit");
  }
}

async function measure(server: ChildProcess, port: number, count: number): Promise<IdleConnectionsReport> {
  // What is allocated once, by the first connections, is not the price of the others.
  closeAll(await openMany(port, warmUp));
  const before = await figuresWith(server, 0);
  const sockets = await openMany(port, count);
  const idle = await figuresWith(server, count);
  const startedMs = performance.now();
  sockets.push(await openOne(port));
  const answerMs = performance.now() - startedMs;
  closeAll(sockets);
  const after = await figuresWith(server, 0);
  return {
    connections: idle.connections,
    rssBeforeBytes: before.rssBytes,
    rssIdleBytes: idle.rssBytes,
    bytesPerConnection: Math.round((idle.rssBytes - before.rssBytes) / count),
    answerMs,
    connectionsAfter: after.connections,
  };
}

async function openMany(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const some = Math.min(opensAtOnce, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: some }, () => openOne(port)))));
  }
  return sockets;
}

/** Connects, sends a request and waits for its answer. */
async function openOne(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.write(request);
  const [answer] = (await once(socket, "data")) as [Buffer]; // What "data" carries without an encoding.
  if (!answer.toString("latin1").startsWith("HTTP/1.1 200 ")) throw new Error(`the server answered: ${answer.toString("latin1")}`);
  return socket;
}

function closeAll(sockets: readonly Socket[]): void {
  for (const socket of sockets) socket.destroy();
}

/** Asks until the server has seen what the client did. */
async function figuresWith(server: ChildProcess, connections: number): Promise<IdleServerFigures> {
  for (;;) {
    const answer = once(server, "message");
    server.send("figures");
    const [figures] = (await answer) as [IdleServerFigures]; // Sent by `idle-server.ts`.
    if (figures.connections === connections) return figures;
  }
}

async function portOf(server: ChildProcess): Promise<number> {
  const [{ port }] = (await once(server, "message")) as [{ readonly port: number }]; // Sent by `idle-server.ts`.
  return port;
}
