/**
 * Group commit: what comes while a batch is being written waits and goes into the next one together, so many writers share one sync of the disk.
 * A command is answered only when its batch is on the disk.
 */
import { failure, PlatformError } from "@modelyard/core";
import type { Command, Outcome } from "../mvcc/execute-command.ts";
import type { Published } from "../mvcc/watch-hub.ts";
import { receiveError, type WrittenBatch } from "./worker-protocol.ts";

interface Queued {
  readonly command: Command;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

/** Options of {@link GroupWriter}. */
export interface GroupWriterOptions {
  readonly write: (commands: readonly Command[]) => Promise<WrittenBatch>;
  /** Called with each batch before its commands are answered. */
  readonly onCommit: (published: Published) => void;
  /** Commands that wait for a batch; more fail with `LIMIT_EXCEEDED`. */
  readonly maxPendingWrites: number;
}

const maxBatchCommands = 512;

/** The one way to the writer thread. */
export class GroupWriter {
  readonly #options: GroupWriterOptions;
  readonly #queue: Queued[] = [];
  #writing: Promise<void> | undefined;

  constructor(options: GroupWriterOptions) {
    this.#options = options;
  }

  /** Resolves when the command is on the disk. An aborted signal takes it out of the queue; once it is being written, only the wait ends. */
  execute(command: Command, signal?: AbortSignal): Promise<Outcome> {
    const { maxPendingWrites } = this.#options;
    if (this.#queue.length >= maxPendingWrites) {
      const details = { what: "The number of waiting writes", current: this.#queue.length + 1, limit: maxPendingWrites };
      return Promise.reject(failure("LIMIT_EXCEEDED", details));
    }
    return new Promise((resolve, reject) => {
      const queued: Queued = {
        command: ownBytes(command),
        resolve: (outcome) => {
          signal?.removeEventListener("abort", onAbort);
          resolve(outcome);
        },
        reject: (error) => {
          signal?.removeEventListener("abort", onAbort);
          reject(error);
        },
      };
      const onAbort = (): void => {
        const index = this.#queue.indexOf(queued);
        if (index >= 0) this.#queue.splice(index, 1);
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#queue.push(queued);
      this.#writing ??= this.#writeAll();
    });
  }

  /** Resolves when everything accepted is settled. */
  async drained(): Promise<void> {
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    // One turn of grace: what is asked for in the same turn shares the first batch too.
    await Promise.resolve();
    while (this.#queue.length > 0) await this.#writeBatch(this.#queue.splice(0, maxBatchCommands));
    this.#writing = undefined;
  }

  async #writeBatch(batch: readonly Queued[]): Promise<void> {
    let written: WrittenBatch;
    try {
      written = await this.#options.write(batch.map(({ command }) => command));
    } catch (error) {
      for (const { reject } of batch) reject(PlatformError.from(error));
      return;
    }
    const { results, revision, compactedRevision } = written;
    const events = results.flatMap((result) => (result.kind === "done" ? result.value.events : []));
    this.#options.onCommit({ revision, compactedRevision, events });
    for (const [index, { resolve, reject }] of batch.entries()) {
      const result = results[index];
      if (result?.kind === "done") resolve(result.value);
      else reject(result ? receiveError(result.error) : failure("INTERNAL", {}));
    }
  }
}

/** A copy whose bytes nobody else changes while it waits, and which carries no more of a larger buffer to the other thread than it needs. */
function ownBytes(command: Command): Command {
  if (command.kind !== "transact") return command;
  const { compare = [], success, failure: otherwise = [] } = command.transaction;
  return {
    kind: "transact",
    transaction: {
      compare: compare.map((one) => (one.target === "value" ? { ...one, value: new Uint8Array(one.value) } : one)),
      success: success.map((one) => (one.kind === "put" ? { ...one, value: new Uint8Array(one.value) } : one)),
      failure: otherwise.map((one) => (one.kind === "put" ? { ...one, value: new Uint8Array(one.value) } : one)),
    },
  };
}
