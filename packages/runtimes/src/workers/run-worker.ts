/**
 * A runner: keeps the models it was given and runs them in turns. The same program is a thread of the serving process, for models whose
 * runs are long, and a process, for one model whose run must be killable.
 */
import { isMainThread, type MessagePort, parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { assert, systemClock } from "@modelyard/core";
import { endWithParent } from "../children/end-with-parent.ts";
import { noThreadJournal, openThreadJournal } from "../journal/thread-journal.ts";
import { watchedJournal } from "../journal/watched-journal.ts";
import { openOrtEngine } from "../onnx/ort-engine.ts";
import { SharedSessions } from "../onnx/shared-sessions.ts";
import { transferList } from "./packed-tensor.ts";
import { RunnerTurns } from "./runner-turns.ts";
import { SessionHost } from "./session-host.ts";
import type { RunWorkerData, WorkerCommand, WorkerReply } from "./worker-protocol.ts";

const clock = systemClock();
const sessions = new SharedSessions(openOrtEngine());

function serveThread(port: MessagePort): void {
  // Given by the worker pool alone.
  const { journal: share } = workerData as RunWorkerData;
  const host = new SessionHost({ sessions, clock, journal: share ? openThreadJournal(share, clock) : noThreadJournal });
  const reply = (answer: WorkerReply, command: WorkerCommand): void => {
    port.postMessage(answer, answer.kind === "done" ? transferList(answer.outputs) : []);
    if (command.kind === "close") port.close();
  };
  const turns = new RunnerTurns({ host, reply, clock });
  port.on("message", (command: WorkerCommand) => {
    turns.add(command);
    // What is there besides is taken at once, so that requests of a model that takes rows meet.
    for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) turns.add(next.message as WorkerCommand);
    turns.begin();
  });
}

/** Its parent alone decides when it ends: signals to a whole group of processes are for the others. */
function serveProcess(): void {
  const { journal, words } = watchedJournal();
  const host = new SessionHost({ sessions, clock, journal });
  endWithParent(words);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {});
  const turns = new RunnerTurns({ host, reply: (answer) => process.send?.(answer), clock });
  process.on("message", (command: WorkerCommand) => {
    turns.add(command);
    turns.beginSoon();
  });
}

if (isMainThread) serveProcess();
else {
  assert(parentPort, "a thread has a port to who started it");
  serveThread(parentPort);
}
