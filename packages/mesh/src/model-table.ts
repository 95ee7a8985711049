/**
 * The records of models as one process knows them. Of a million models nearly all are loaded nowhere, and their records are read when one is asked
 * for: until then such a record is a text, which the collector of garbage passes at one look, where an object is about twenty.
 *
 * Invariant: `stirred()` has exactly the records that say something of an instance: a copy, a failure or a crash.
 */
import type { ModelRecord } from "./records.ts";
import { ShardedMap } from "./sharded-map.ts";
import type { Stored } from "./vmodels/plan.ts";

interface Row {
  readonly modRevision: number;
  /** Of the record, for those who need no more of it. */
  readonly revision: number;
  /** The record, or its JSON when it says nothing of an instance. */
  readonly kept: ModelRecord | string;
  listing: number;
}

/** See the module. */
export class ModelTable {
  readonly #rows = new ShardedMap<Row>();
  readonly #stirred = new ShardedMap<ModelRecord>();
  /** What was read last: whoever asks for a record asks for it again. */
  #lastRow: Row | undefined;
  #lastRecord: ModelRecord | undefined;

  get size(): number {
    return this.#rows.size;
  }

  has(modelId: string): boolean {
    return this.#rows.has(modelId);
  }

  get(modelId: string): Stored<ModelRecord> | undefined {
    const row = this.#rows.get(modelId);
    return row && { record: this.#recordOf(row), modRevision: row.modRevision };
  }

  /** The `revision` of a record, without reading it. */
  revisionOf(modelId: string): number | undefined {
    return this.#rows.get(modelId)?.revision;
  }

  /** What it was stored with; undefined when there is none. */
  row(modelId: string): Pick<Row, "modRevision" | "listing"> | undefined {
    return this.#rows.get(modelId);
  }

  keys(): Iterable<string> {
    return this.#rows.keys();
  }

  /** Every model with what {@link row} gives, to be walked in slices. */
  rows(): Iterable<readonly [modelId: string, row: Pick<Row, "modRevision" | "listing">]> {
    return this.#rows;
  }

  /** Records that say something of an instance. */
  stirred(): Iterable<readonly [modelId: string, record: ModelRecord]> {
    return this.#stirred;
  }

  isStirred(modelId: string): boolean {
    return this.#stirred.has(modelId);
  }

  set(modelId: string, { record, modRevision }: Stored<ModelRecord>, listing: number): void {
    const isStirred = saysOfInstances(record);
    this.#rows.set(modelId, { modRevision, revision: record.revision, kept: isStirred ? record : JSON.stringify(record), listing });
    if (isStirred) this.#stirred.set(modelId, record);
    else this.#stirred.delete(modelId);
  }

  /** Whether there was one. */
  delete(modelId: string): boolean {
    this.#stirred.delete(modelId);
    return this.#rows.delete(modelId);
  }

  #recordOf(row: Row): ModelRecord {
    if (typeof row.kept !== "string") return row.kept;
    if (row !== this.#lastRow || this.#lastRecord === undefined) {
      this.#lastRow = row;
      // Written by `set()` from a record.
      this.#lastRecord = JSON.parse(row.kept) as ModelRecord;
    }
    return this.#lastRecord;
  }
}

function saysOfInstances({ copies, failures, crashes }: ModelRecord): boolean {
  return crashes.length > 0 || !isEmpty(copies) || !isEmpty(failures);
}

function isEmpty(fields: Readonly<Record<string, unknown>>): boolean {
  return Object.keys(fields).length === 0;
}
