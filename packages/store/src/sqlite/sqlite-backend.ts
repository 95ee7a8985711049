/** The backend whose tables are a SQLite file: one thread writes, one reads. */
import type { Log } from "@modelyard/core";
import type { RangeRequest, RangeResponse } from "../contract.ts";
import type { Command, Outcome } from "../mvcc/execute-command.ts";
import type { BackendStart, MvccBackend } from "../mvcc/mvcc-store.ts";
import type { HistoryPage, HistoryRequest } from "../mvcc/tables.ts";
import type { Published } from "../mvcc/watch-hub.ts";
import { GroupWriter } from "./group-writer.ts";
import { WorkerThread } from "./worker-thread.ts";

/** Options of {@link openSqliteBackend}. */
export interface SqliteBackendOptions {
  readonly path: string;
  readonly log: Log;
  readonly keepRevisions: number;
  readonly maxPendingWrites: number;
  readonly maxPendingReads: number;
}

/** Starts both threads and opens the file. */
export async function openSqliteBackend(options: SqliteBackendOptions): Promise<MvccBackend> {
  const { maxPendingReads } = options;
  // One batch at a time, and the message that closes.
  const writer = new WorkerThread({ ...options, role: "writer", maxPending: 2 });
  const reader = new WorkerThread({ ...options, role: "reader", maxPending: maxPendingReads });
  try {
    const start = await writer.call("open", undefined);
    await reader.call("open", undefined);
    return new SqliteBackend(start, { writer, reader, maxPendingWrites: options.maxPendingWrites });
  } catch (error) {
    await Promise.all([writer.close(), reader.close()]);
    throw error;
  }
}

interface Threads {
  readonly writer: WorkerThread;
  readonly reader: WorkerThread;
  readonly maxPendingWrites: number;
}

class SqliteBackend implements MvccBackend {
  readonly start: BackendStart;
  readonly #threads: Threads;
  readonly #groups: GroupWriter;
  #publish: (published: Published) => void = () => {};

  constructor(start: BackendStart, threads: Threads) {
    this.start = start;
    this.#threads = threads;
    this.#groups = new GroupWriter({
      write: (commands) => threads.writer.call("write", commands),
      onCommit: (published) => this.#publish(published),
      maxPendingWrites: threads.maxPendingWrites,
    });
  }

  onCommit(listener: (published: Published) => void): void {
    this.#publish = listener;
  }

  execute(command: Command, signal?: AbortSignal): Promise<Outcome> {
    return this.#groups.execute(command, signal);
  }

  range(request: RangeRequest, signal?: AbortSignal): Promise<RangeResponse> {
    return untilAborted(this.#threads.reader.call("range", request), signal);
  }

  history(request: HistoryRequest): Promise<HistoryPage> {
    return this.#threads.reader.call("history", request);
  }

  leaseKeys(leaseId: number, signal?: AbortSignal): Promise<readonly string[]> {
    return untilAborted(this.#threads.reader.call("leaseKeys", leaseId), signal);
  }

  async close(): Promise<void> {
    await this.#groups.drained();
    // The writer last: the last connection that closes brings the log into the file.
    await this.#threads.reader.close();
    await this.#threads.writer.close();
  }
}

function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
