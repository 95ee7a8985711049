/**
 * The public data port of several serving processes. It accepts connections without reading from them and hands each to the process with the
 * fewest, which the kernel would not: whoever wakes first would have most of them.
 *
 * Invariants: a connection is handed to one process at most; while no process can take it, it waits in a queue limited in length and
 * time; what is beyond the limits is closed, so that no client hangs on a connection nobody will read.
 */
import type { SendHandle } from "node:child_process";
import { createServer, type Socket } from "node:net";
import type { Clock, Timer } from "@modelyard/core";

/** Somebody connections can be handed to. */
export interface ConnectionTaker {
  /** Whether it is ready and has taken what it was handed before. */
  readonly isFree: boolean;
  /** Connections it has. */
  readonly connectionCount: number;
  take(socket: Socket): void;
}

/** Options of {@link openDataPort}. */
export interface DataPortOptions {
  readonly address: string;
  /** 0 = any free one. */
  readonly port: number;
  readonly takers: () => readonly ConnectionTaker[];
  readonly clock: Clock;
  /** Connections that may wait. Default 1,024. */
  readonly maxWaiting?: number;
  /** Longest wait, milliseconds. Default 30,000. */
  readonly maxWaitMs?: number;
}

/** An open port. */
export interface DataPort {
  readonly port: number;
  /** Goes to the serving process with a message, and is listened on there; absent when connections are accepted here. */
  readonly handle?: SendHandle;
  /** Hands out what waits; to be called when a taker has become free. */
  dispatch(): void;
  /** Closes the port and what waits; connections that were handed over live on. Idempotent. */
  close(): void;
}

interface Waiting {
  readonly socket: Socket;
  readonly untilMs: number;
}

/** Opens the port. Rejects with Node's own error (`EADDRINUSE` …). */
export async function openDataPort(options: DataPortOptions): Promise<DataPort> {
  const queue = waitingQueue(options);
  // Not read before it is handed over: every byte is for the process that gets it.
  const server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => queue.add(socket));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: options.address, port: options.port, backlog: 4_096 }, resolve);
  });
  server.on("error", () => {
    // Accepting failed once, for example for want of file descriptors: the client sees a closed connection, the port stays open.
  });
  const bound = server.address();
  return {
    port: typeof bound === "object" && bound !== null ? bound.port : options.port,
    dispatch: () => queue.dispatch(),
    close() {
      server.close();
      queue.clear();
    },
  };
}

interface WaitingQueue {
  add(socket: Socket): void;
  dispatch(): void;
  clear(): void;
}

function waitingQueue(options: DataPortOptions): WaitingQueue {
  const { clock, takers, maxWaiting = 1_024, maxWaitMs = 30_000 } = options;
  let waiting: Waiting[] = [];
  let timer: Timer | undefined;

  const dispatch = (): void => {
    while (waiting.length > 0) {
      const taker = fewestConnections(takers());
      if (!taker) break;
      const next = waiting.shift();
      if (next && !next.socket.destroyed) taker.take(next.socket);
    }
    watchOldest();
  };
  const expire = (): void => {
    timer = undefined;
    const nowMs = clock.monotonicMs();
    for (const one of waiting) if (one.untilMs <= nowMs) one.socket.destroy();
    waiting = waiting.filter((one) => one.untilMs > nowMs);
    watchOldest();
  };
  const watchOldest = (): void => {
    const oldest = waiting[0];
    if (oldest && !timer) timer = clock.setTimer(oldest.untilMs - clock.monotonicMs(), expire, { background: true });
    if (!oldest) {
      timer?.cancel();
      timer = undefined;
    }
  };
  return {
    add(socket) {
      socket.on("error", () => socket.destroy());
      if (waiting.length >= maxWaiting) socket.destroy();
      else waiting.push({ socket, untilMs: clock.monotonicMs() + maxWaitMs });
      dispatch();
    },
    dispatch,
    clear() {
      for (const { socket } of waiting) socket.destroy();
      waiting = [];
      watchOldest();
    },
  };
}

function fewestConnections(takers: readonly ConnectionTaker[]): ConnectionTaker | undefined {
  let best: ConnectionTaker | undefined;
  for (const taker of takers) {
    if (taker.isFree && (!best || taker.connectionCount < best.connectionCount)) best = taker;
  }
  return best;
}
