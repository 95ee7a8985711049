/** A run worker: keeps the models it was given and runs them one after the other. */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { assert, assertNever, PlatformError, systemClock } from "@modelyard/core";
import { noThreadJournal, openThreadJournal } from "../journal/thread-journal.ts";
import { type ModelSession, openModelSession } from "../onnx/model-session.ts";
import { openOrtEngine } from "../onnx/ort-engine.ts";
import { type PackedTensor, packTensor, transferList, unpackTensor } from "./packed-tensor.ts";
import type { RunWorkerData, WorkerCommand, WorkerReply } from "./worker-protocol.ts";

assert(parentPort, "a run worker is started as a worker thread");
const port: MessagePort = parentPort;
// Given by the worker pool alone.
const { journal: share } = workerData as RunWorkerData;
const clock = systemClock();
const journal = share ? openThreadJournal(share, clock) : noThreadJournal;
const thread = { engine: openOrtEngine(), journal, clock };
const sessions = new Map<number, ModelSession>();

async function execute(command: WorkerCommand): Promise<readonly PackedTensor[]> {
  switch (command.kind) {
    case "start":
      // That it can answer says that it has started.
      return [];
    case "load":
      sessions.set(command.handle, await openModelSession(command.plan, thread));
      return [];
    case "unload":
      await sessionOf(command.handle).release();
      sessions.delete(command.handle);
      return [];
    case "run": {
      const outputs = await sessionOf(command.handle).run({ inputs: command.inputs.map(unpackTensor), outputNames: command.outputNames });
      return outputs.map(packTensor);
    }
    case "close":
      for (const session of sessions.values()) await session.release();
      sessions.clear();
      journal.close();
      return [];
    default:
      return assertNever(command);
  }
}

function sessionOf(handle: number): ModelSession {
  const session = sessions.get(handle);
  assert(session, "a worker is asked for models it was given");
  return session;
}

async function answer(command: WorkerCommand): Promise<void> {
  const reply = await execute(command).then(
    (outputs): WorkerReply => ({ kind: "done", id: command.id, outputs }),
    (error: unknown): WorkerReply => failed(command.id, error),
  );
  port.postMessage(reply, reply.kind === "done" ? transferList(reply.outputs) : []);
  if (command.kind === "close") port.close();
}

function failed(id: number, error: unknown): WorkerReply {
  if (PlatformError.is(error)) return { kind: "failed", id, error: error.toPublic() };
  return { kind: "threw", id, message: error instanceof Error ? error.message : String(error) };
}

port.on("message", (command: WorkerCommand) => {
  // What is there besides is taken at once, so that requests of a model that takes rows meet; what comes while these run has its turn after them.
  const commands = [command];
  for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) commands.push(next.message as WorkerCommand);
  for (const one of commands) void answer(one);
});
