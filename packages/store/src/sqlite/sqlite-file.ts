/**
 * One connection to the store's file, with the SQL transactions around the tables.
 *
 * Invariants: a command that is refused has had no effect, so the others of its batch stand; any other error undoes the whole batch, and the tables
 * return to what the file holds.
 */
import type { DatabaseSync } from "node:sqlite";
import { failure, PlatformError } from "@modelyard/core";
import type { RangeRequest, RangeResponse } from "../contract.ts";
import { type Command, compactAutomatically, executeCommand, type Outcome } from "../mvcc/execute-command.ts";
import type { BackendStart } from "../mvcc/mvcc-store.ts";
import { readHistory, readRange } from "../mvcc/read-range.ts";
import type { HistoryPage, HistoryRequest } from "../mvcc/tables.ts";
import { openForReading, openForWriting } from "./open-database.ts";
import { SqliteTables } from "./sqlite-tables.ts";
import { type Settled, sendError, type WorkerOptions, type WrittenBatch } from "./worker-protocol.ts";

/** The file as one thread has it open. */
export class SqliteFile {
  readonly #database: DatabaseSync;
  readonly #tables: SqliteTables;
  readonly #keepRevisions: number;

  /** Opens it; `STORE_OPEN_FAILED`, `STORE_NEWER_FORMAT`. */
  constructor({ role, path, keepRevisions }: WorkerOptions) {
    this.#database = role === "writer" ? openForWriting(path) : openForReading(path);
    this.#tables = new SqliteTables(this.#database);
    this.#keepRevisions = keepRevisions;
  }

  start(): BackendStart {
    const { revision, compactedRevision } = this.#tables;
    return { revision, compactedRevision, leases: this.#tables.leases() };
  }

  /** Runs commands as one SQL transaction; when it returns they are on the disk. */
  write(commands: readonly Command[]): WrittenBatch {
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      this.#checkSoleWriter();
      const results = commands.map((command) => this.#run(command));
      compactAutomatically(this.#tables, this.#keepRevisions);
      this.#tables.flush();
      this.#database.exec("COMMIT");
      const { revision, compactedRevision } = this.#tables;
      return { results, revision, compactedRevision };
    } catch (error) {
      this.#undo();
      throw PlatformError.is(error) ? error : failure("STORE_UNAVAILABLE", { why: "its file could not be written" }, { cause: error });
    }
  }

  range(request: RangeRequest): RangeResponse {
    return this.#read((tables) => readRange(tables, request));
  }

  history(request: HistoryRequest): HistoryPage {
    return this.#read((tables) => readHistory(tables, request));
  }

  leaseKeys(leaseId: number): readonly string[] {
    return this.#read((tables) => tables.leaseKeys(leaseId));
  }

  close(): void {
    this.#database.close();
  }

  #run(command: Command): Settled<Outcome> {
    try {
      return { kind: "done", value: executeCommand(this.#tables, command) };
    } catch (error) {
      if (!PlatformError.is(error)) throw error;
      return { kind: "failed", error: sendError(error) };
    }
  }

  /** A read sees one state of the file, however many statements it takes. */
  #read<T>(read: (tables: SqliteTables) => T): T {
    this.#database.exec("BEGIN");
    try {
      this.#tables.refresh();
      return read(this.#tables);
    } finally {
      this.#database.exec("COMMIT");
    }
  }

  #checkSoleWriter(): void {
    const known = this.#tables.revision;
    this.#tables.refresh();
    if (this.#tables.revision !== known) throw failure("STORE_UNAVAILABLE", { why: "another process writes to its file" });
  }

  #undo(): void {
    // A failed commit may have rolled back by itself.
    if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
    this.#tables.refresh();
  }
}
