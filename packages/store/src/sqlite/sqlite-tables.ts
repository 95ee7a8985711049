/**
 * Tables in a SQLite file. Keys are blobs, so their order is that of their bytes. Nothing here begins or ends a SQL transaction: the caller does,
 * and calls `refresh` at the start and, having written, `flush` at the end.
 */
import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from "node:sqlite";
import { assert } from "@modelyard/core";
import type { KeyRange, KeyValue, RangeRequest, WatchEvent } from "../contract.ts";
import type { HistoryPage, HistoryRequest, LeaseRow, MvccTables, TableRange } from "../mvcc/tables.ts";
import { spanBytes } from "../range-bytes.ts";

type Row = Record<string, SQLOutputValue>;

interface Condition {
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
}

const noBytes = new Uint8Array(0);
const columns = "e.key, e.mod_revision, e.create_revision, e.version, e.lease_id";

/** The tables of {@link sqliteStore}. */
export class SqliteTables implements MvccTables {
  revision = 0;
  compactedRevision = 0;
  readonly #database: DatabaseSync;
  /** Statements by their text; the texts are a fixed few. */
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.refresh();
  }

  /** Reads where the file stands: after another connection wrote to it, or after a rollback. */
  refresh(): void {
    const row = this.#prepare("SELECT revision, compacted_revision FROM meta").get();
    this.revision = whole(row?.["revision"]);
    this.compactedRevision = whole(row?.["compacted_revision"]);
  }

  /** Writes where the tables stand. */
  flush(): void {
    this.#prepare("UPDATE meta SET revision = ?, compacted_revision = ?").run(this.revision, this.compactedRevision);
  }

  get(key: string): KeyValue | undefined {
    const row = this.#prepare(`SELECT ${columns}, e.value FROM keys k JOIN entries e ON e.id = k.entry WHERE k.key = ?`).get(blob(key));
    return row && keyValueOf(row);
  }

  range(request: RangeRequest): TableRange {
    const { range, limit = 0, revision = 0, keysOnly = false, countOnly = false } = request;
    const found = revision === 0 ? currentKeys(range) : keysAt(range, revision);
    if (countOnly) return { keyValues: [], count: this.#count(found), more: false };
    const value = keysOnly ? "x'' AS value" : "e.value";
    const rows = this.#prepare(`SELECT ${columns}, ${value} FROM ${found.sql} ORDER BY e.key LIMIT ?`).all(...found.values, limit || -1);
    const keyValues = rows.map(keyValueOf);
    const count = limit === 0 || rows.length < limit ? rows.length : this.#count(found);
    return { keyValues, count, more: count > keyValues.length };
  }

  history({ range, from, to, limit }: HistoryRequest): HistoryPage {
    const wanted = inKeys(range, "e.key");
    const statement = this.#prepare(
      `SELECT ${columns}, e.value, p.mod_revision AS p_mod_revision, p.create_revision AS p_create_revision, p.version AS p_version,
         p.lease_id AS p_lease_id, p.value AS p_value
       FROM entries e LEFT JOIN entries p ON p.key = e.key AND p.mod_revision = e.previous_revision
       WHERE e.mod_revision BETWEEN ? AND ? AND ${wanted.sql} ORDER BY e.mod_revision, e.id`,
    );
    const events: WatchEvent[] = [];
    for (const row of statement.iterate(from, to, ...wanted.values)) {
      const event = eventOf(row);
      const last = events.at(-1)?.keyValue.modRevision ?? 0;
      if (events.length >= limit && event.keyValue.modRevision > last) return { events, reached: last };
      events.push(event);
    }
    return { events, reached: to };
  }

  leaseTtlSeconds(leaseId: number): number | undefined {
    const row = this.#prepare("SELECT ttl_seconds FROM leases WHERE lease_id = ?").get(leaseId);
    return row && whole(row["ttl_seconds"]);
  }

  leaseKeys(leaseId: number): readonly string[] {
    const statement = this.#prepare("SELECT key FROM keys WHERE lease_id = ? AND lease_id <> 0 ORDER BY key");
    return statement.all(leaseId).map((row) => text(row["key"]));
  }

  leases(): readonly LeaseRow[] {
    const rows = this.#prepare("SELECT lease_id, ttl_seconds FROM leases ORDER BY lease_id").all();
    return rows.map((row) => ({ leaseId: whole(row["lease_id"]), ttlSeconds: whole(row["ttl_seconds"]) }));
  }

  write({ kind, keyValue, previous }: WatchEvent): void {
    const key = blob(keyValue.key);
    const { modRevision, createRevision, version, leaseId } = keyValue;
    const value = kind === "put" ? keyValue.value : null;
    const { lastInsertRowid } = this.#prepare(
      `INSERT INTO entries (key, mod_revision, create_revision, version, lease_id, previous_revision, value) VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ).run(key, modRevision, createRevision, version, leaseId, previous?.modRevision ?? 0, value);
    if (kind === "delete") this.#prepare("DELETE FROM keys WHERE key = ?").run(key);
    else {
      this.#prepare(
        `INSERT INTO keys VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET entry = excluded.entry, lease_id = excluded.lease_id`,
      ).run(key, lastInsertRowid, leaseId);
    }
  }

  advance(revision: number): void {
    this.revision = revision;
  }

  insertLease({ leaseId, ttlSeconds }: LeaseRow): void {
    this.#prepare("INSERT INTO leases VALUES (?, ?)").run(leaseId, ttlSeconds);
  }

  deleteLease(leaseId: number): void {
    this.#prepare("DELETE FROM leases WHERE lease_id = ?").run(leaseId);
  }

  /** Costs as much as there are revisions to forget: each names the one version that it replaced. */
  compact(revision: number): void {
    this.#prepare(
      `DELETE FROM entries WHERE id IN (
         SELECT p.id FROM entries e JOIN entries p ON p.key = e.key AND p.mod_revision = e.previous_revision
         WHERE e.mod_revision > ? AND e.mod_revision <= ?)`,
    ).run(this.compactedRevision, revision);
    this.#prepare("DELETE FROM entries WHERE mod_revision > ? AND mod_revision <= ? AND value IS NULL").run(
      this.compactedRevision,
      revision,
    );
    this.compactedRevision = revision;
  }

  #count(found: Condition): number {
    return whole(this.#prepare(`SELECT count(*) AS count FROM ${found.sql}`).get(...found.values)?.["count"]);
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

function currentKeys(range: KeyRange): Condition {
  const wanted = inKeys(range, "k.key");
  return { sql: `keys k JOIN entries e ON e.id = k.entry WHERE ${wanted.sql}`, values: wanted.values };
}

function keysAt(range: KeyRange, revision: number): Condition {
  const wanted = inKeys(range, "e.key");
  const sql = `entries e WHERE ${wanted.sql} AND e.value IS NOT NULL AND e.mod_revision =
    (SELECT max(p.mod_revision) FROM entries p WHERE p.key = e.key AND p.mod_revision <= ?)`;
  return { sql, values: [...wanted.values, revision] };
}

function inKeys(range: KeyRange, column: string): Condition {
  if (range.kind === "key") return { sql: `${column} = ?`, values: [blob(range.key)] };
  const { start, end } = spanBytes(range);
  if (end === undefined) return { sql: `${column} >= ?`, values: [start] };
  return { sql: `${column} >= ? AND ${column} < ?`, values: [start, end] };
}

function eventOf(row: Row): WatchEvent {
  const kind = row["value"] === null ? "delete" : "put";
  const keyValue = keyValueOf(row);
  if (row["p_mod_revision"] === null) return { kind, keyValue };
  const previous: KeyValue = {
    key: keyValue.key,
    value: bytesOf(row["p_value"]),
    createRevision: whole(row["p_create_revision"]),
    modRevision: whole(row["p_mod_revision"]),
    version: whole(row["p_version"]),
    leaseId: whole(row["p_lease_id"]),
  };
  return { kind, keyValue, previous };
}

function keyValueOf(row: Row): KeyValue {
  return {
    key: text(row["key"]),
    value: bytesOf(row["value"]),
    createRevision: whole(row["create_revision"]),
    modRevision: whole(row["mod_revision"]),
    version: whole(row["version"]),
    leaseId: whole(row["lease_id"]),
  };
}

function blob(key: string): Uint8Array {
  return Buffer.from(key);
}

function text(value: SQLOutputValue | undefined): string {
  return Buffer.from(bytesOf(value)).toString();
}

function bytesOf(value: SQLOutputValue | undefined): Uint8Array {
  return value instanceof Uint8Array ? value : noBytes;
}

function whole(value: SQLOutputValue | undefined): number {
  assert(typeof value === "number", "a column of whole numbers holds one");
  return value;
}
