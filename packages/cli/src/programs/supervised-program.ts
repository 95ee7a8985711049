/**
 * The child's end of the supervisor's channel: waits for its settings, starts the program, reports, and ends the process in order.
 *
 * Invariants: nothing is started before the settings came; when the channel closes the supervisor is gone, and this process ends within
 * {@link orphanLimitMs}; a signal from outside is answered like a stop.
 */
import { createServer, type Socket } from "node:net";
import {
  assert,
  assertNever,
  type Clock,
  jsonLog,
  type Log,
  type LogLevel,
  PlatformError,
  type Sample,
  systemClock,
} from "@modelyard/core";
import { type BoundSocket, listenBacklog } from "@modelyard/wire";
import { type ExitReport, type FromChild, isToChild, type ToChild } from "../supervisor/messages.ts";
import { processSamples } from "../supervisor/process-samples.ts";
import type { Scrape, ScrapeVerdict } from "../supervisor/scrape.ts";

/** What requests in flight get when the supervisor is gone, milliseconds. */
const orphanLimitMs = 4_000;

/** A program that runs. */
export interface RunningProgram {
  /** Address of a port it opened itself. */
  readonly url?: string;
  /** What it counts. */
  samples(): readonly Sample[];
  /** Judges a scrape of the metrics port, and records it; absent when it knows no keys. */
  readonly authorize?: (scrape: Scrape) => ScrapeVerdict;
  /** Accepts connections from a server socket that the supervisor holds; absent when it takes none. */
  listen?(address: BoundSocket): Promise<unknown>;
  /** Takes a connection that was accepted elsewhere; absent when it takes none. */
  readonly accept?: (socket: Socket) => void;
  /** Finishes what is in flight within the limit, `idleGraceMs` of which are for idle connections to bring one more request; releases everything. */
  close(limitMs: number, idleGraceMs: number): Promise<void>;
}

/** What a program is started with. */
export interface ProgramContext {
  readonly clock: Clock;
  readonly log: Log;
  /** How the process in this place ended before; absent at the first start. */
  readonly predecessor: ExitReport | undefined;
}

/** Settings every program has. */
export interface CommonSettings {
  readonly logLevel: LogLevel;
}

/** Runs a program as a child of the supervisor until it is told to stop. */
export function runSupervised<Settings extends CommonSettings>(
  role: string,
  start: (settings: Settings, context: ProgramContext) => Promise<RunningProgram>,
): void {
  assert(process.send !== undefined, "this program is started by the supervisor");
  const clock = systemClock();
  const write = (line: string): void => void process.stderr.write(line);
  let log = jsonLog({ clock, write, fields: { role, pid: process.pid } });
  let program: RunningProgram | undefined;
  let stopping = false;
  const connections = connectionReports();

  const stop = (limitMs: number, idleGraceMs = 0): void => {
    if (stopping) return;
    stopping = true;
    clock.setTimer(limitMs + 500, () => process.exit(0));
    (program?.close(limitMs, idleGraceMs) ?? Promise.resolve()).then(
      () => process.exit(0),
      (error: unknown) => {
        log.error("the program could not be closed in order", error);
        process.exit(1);
      },
    );
  };
  const begin = async (message: ToChild & { readonly kind: "start" }, handle: object | undefined): Promise<void> => {
    // Sent by the same build of the supervisor, from the settings of this very program.
    const settings = message.settings as Settings;
    log = jsonLog({ clock, write, level: settings.logLevel, fields: { role, pid: process.pid } });
    try {
      program = await start(settings, { clock, log, predecessor: message.predecessor });
      if (handle) await program.listen?.({ handle });
      report({ kind: "ready", ...(program.url === undefined ? {} : { url: program.url }) });
    } catch (error) {
      log.error("the program could not be started", error);
      report({ kind: "failed", error: PlatformError.from(error).toPublic() }, () => process.exit(1));
    }
  };

  // A closed pipe means that the supervisor is gone: the records go nowhere, the program drains.
  for (const output of [process.stdout, process.stderr]) output.on("error", () => {});
  process.on("disconnect", () => stop(orphanLimitMs));
  process.on("SIGTERM", () => stop(orphanLimitMs));
  process.on("message", (message, handle: object | undefined) => {
    if (!isToChild(message)) return;
    switch (message.kind) {
      case "open":
        if (handle) openPort(handle);
        return;
      case "start":
        void begin(message, handle);
        return;
      case "connection":
        report({ kind: "accepted", id: message.id });
        // What the supervisor sends with this message.
        connections.take(handle as Socket | undefined, program?.accept);
        return;
      case "ping":
        report({ kind: "pong" });
        return;
      case "metrics":
        report({ kind: "samples", id: message.id, samples: [...processSamples(), ...(program?.samples() ?? []).flatMap(finiteSample)] });
        return;
      case "authorize":
        // Without an answer the scraper is told to try again.
        if (program?.authorize) report({ kind: "authorized", id: message.id, verdict: program.authorize(message.scrape) });
        return;
      case "stop":
        stop(message.limitMs, message.idleGraceMs);
        return;
      default:
        assertNever(message);
    }
  });
}

/**
 * Has the kernel listen, before anybody accepts: it goes on when this copy of the socket is closed, which is at once and so before a connection
 * could be accepted here. That it cannot is found out again, and reported, when the program listens.
 */
function openPort(handle: object): void {
  createServer()
    .on("error", () => {})
    .listen(handle, listenBacklog)
    .close();
}

interface ConnectionReports {
  take(socket: Socket | undefined, accept: ((socket: Socket) => void) | undefined): void;
}

/** Counts what is closed, and reports it once per turn of the event loop at most. */
function connectionReports(): ConnectionReports {
  let closed = 0;
  let isScheduled = false;
  const noteClosed = (): void => {
    closed++;
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(() => {
      isScheduled = false;
      report({ kind: "closed", total: closed });
    });
  };
  return {
    take(socket, accept) {
      // The client was gone before its connection arrived here.
      if (!socket) {
        noteClosed();
        return;
      }
      // As for a connection that a server accepts itself: a client may end its side and still wait for the answer.
      socket.allowHalfOpen = true;
      socket.once("close", noteClosed);
      if (accept) accept(socket);
      else socket.destroy();
    },
  };
}

/** As the channel can carry it: JSON has no infinity, which stands only for the last bound. */
function finiteSample(sample: Sample): readonly Sample[] {
  if (!Number.isFinite(sample.value)) return [];
  const { buckets } = sample;
  return [buckets ? { ...sample, buckets: buckets.filter(({ upTo }) => Number.isFinite(upTo)) } : sample];
}

function report(message: FromChild, sent: () => void = () => {}): void {
  if (process.connected && process.send) process.send(message, undefined, {}, sent);
  else sent();
}
