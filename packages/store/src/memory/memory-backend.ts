/** A backend whose tables live and die with the process. Commands run at once, in the order they come. */
import { failure } from "@modelyard/core";
import type { RangeRequest, RangeResponse } from "../contract.ts";
import { type Command, compactAutomatically, executeCommand, type Outcome } from "../mvcc/execute-command.ts";
import type { BackendStart, MvccBackend } from "../mvcc/mvcc-store.ts";
import { readHistory, readRange } from "../mvcc/read-range.ts";
import type { HistoryPage, HistoryRequest } from "../mvcc/tables.ts";
import type { Published } from "../mvcc/watch-hub.ts";
import { MemoryTables } from "./memory-tables.ts";

/** The backend of {@link memoryStore}. */
export class MemoryBackend implements MvccBackend {
  readonly start: BackendStart;
  readonly #tables = new MemoryTables();
  readonly #keepRevisions: number;
  #publish: (published: Published) => void = () => {};
  #closed = false;

  constructor(keepRevisions: number) {
    this.#keepRevisions = keepRevisions;
    this.start = { revision: this.#tables.revision, compactedRevision: this.#tables.compactedRevision, leases: [] };
  }

  onCommit(listener: (published: Published) => void): void {
    this.#publish = listener;
  }

  async execute(command: Command): Promise<Outcome> {
    if (this.#closed) throw failure("STORE_CLOSED", {});
    const outcome = executeCommand(this.#tables, command);
    compactAutomatically(this.#tables, this.#keepRevisions);
    const { revision, compactedRevision } = this.#tables;
    this.#publish({ revision, compactedRevision, events: outcome.events });
    return outcome;
  }

  async range(request: RangeRequest): Promise<RangeResponse> {
    return readRange(this.#tables, request);
  }

  async history(request: HistoryRequest): Promise<HistoryPage> {
    return readHistory(this.#tables, request);
  }

  async leaseKeys(leaseId: number): Promise<readonly string[]> {
    return this.#tables.leaseKeys(leaseId);
  }

  async close(): Promise<void> {
    this.#closed = true;
  }
}
