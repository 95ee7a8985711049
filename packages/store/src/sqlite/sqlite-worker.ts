/**
 * A thread of the SQLite store, as `#sqlite-worker`. The writer answers a batch when it is on the disk; the reader has a connection of its own, so a
 * read never waits for a commit.
 */
import { parentPort, workerData } from "node:worker_threads";
import { assert, assertNever } from "@modelyard/core";
import { SqliteFile } from "./sqlite-file.ts";
import { type CallKind, type FromWorker, sendError, type ToWorker, type WorkerCalls, type WorkerOptions } from "./worker-protocol.ts";

serve(workerData as WorkerOptions); // Set by worker-thread.ts, its only caller.

function serve(options: WorkerOptions): void {
  const port = parentPort;
  assert(port, "this module runs in a worker thread");
  let file: SqliteFile | undefined;
  port.on("message", (message: ToWorker) => {
    let answer: FromWorker["answer"];
    try {
      file ??= new SqliteFile(options);
      answer = { kind: "done", value: call(file, message) };
    } catch (error) {
      answer = { kind: "failed", error: sendError(error) };
    }
    port.postMessage({ id: message.id, answer } satisfies FromWorker);
    if (message.kind === "close") port.close();
  });
}

function call(file: SqliteFile, message: ToWorker): WorkerCalls[CallKind]["answer"] {
  switch (message.kind) {
    case "open":
      return file.start();
    case "write":
      return file.write(message.request);
    case "range":
      return file.range(message.request);
    case "history":
      return file.history(message.request);
    case "leaseKeys":
      return file.leaseKeys(message.request);
    case "close":
      file.close();
      return undefined;
    default:
      return assertNever(message);
  }
}
