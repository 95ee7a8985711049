/**
 * Brings this instance's facts into the model records, off the request path: the latest facts of each model, compare-and-swap, in batches, with
 * a pause between them. A model that comes and goes fifty times a second costs at most one write a pause; what is known while the store is away
 * is written when it is back.
 *
 * Writes: `mesh/registry/<modelId>` (own copy and failure, crashes, signature; copies of instances that are gone). A crash of the process
 * before a write leaves an older copy entry, which its next life or the leader removes.
 */
import { type Clock, type Log, PlatformError, type Random, sleep } from "@modelyard/core";
import { compareModRevision, type Operation, putOperation, type Store, type TransactionResponse } from "@modelyard/store";
import { modelKey } from "../identity.ts";
import { type ModelFacts, mergeFacts, withFacts } from "../model-facts.ts";
import { decodeModelRecord, encodeRecord } from "../record-codec.ts";
import type { ModelRecord } from "../records.ts";
import type { RegistryView } from "../registry-view.ts";
import type { Stored } from "../vmodels/plan.ts";

/** Options of {@link RecordWriter}. */
export interface RecordWriterOptions {
  readonly store: Store;
  readonly view: RegistryView;
  readonly instanceId: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Least time between two transactions' starts when there is always something to write. */
  readonly intervalMs: number;
}

interface Write {
  readonly modelId: string;
  readonly facts: ModelFacts;
  readonly base: Stored<ModelRecord>;
  readonly record: ModelRecord;
}

/** Models in one transaction; the contract allows 128 operations. */
const maxBatch = 100;
const maxRetryDelayMs = 5_000;

/** Facts that wait to be written. */
export class RecordWriter {
  readonly #options: RecordWriterOptions;
  readonly #pending = new Map<string, ModelFacts>();
  /** In the transaction under way. */
  readonly #writing = new Map<string, ModelFacts>();
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  /** Smaller after a conflict, so that one contended record does not hold up the others. */
  #batchSize = maxBatch;
  #failures = 0;

  constructor(options: RecordWriterOptions) {
    this.#options = options;
  }

  /** Models with facts that are not in the store yet. */
  get pendingCount(): number {
    return this.#pending.size;
  }

  /** Adds facts about a model; the newest of each kind count. */
  add(modelId: string, facts: ModelFacts): void {
    this.#pending.set(modelId, mergeFacts(this.#pending.get(modelId) ?? {}, facts));
    this.#wake();
  }

  /** A model's record as it will be: the store's, with the facts that are not written yet. */
  current(modelId: string): ModelRecord | undefined {
    const record = this.#options.view.models.get(modelId)?.record;
    const writing = this.#writing.get(modelId);
    const pending = this.#pending.get(modelId);
    const facts = writing && pending ? mergeFacts(writing, pending) : (pending ?? writing);
    return record && facts ? withFacts(record, this.#options.instanceId, facts) : record;
  }

  /** The registry became known: what waited for that can be written. */
  onReady(): void {
    this.#wake();
  }

  /** Writes what waits, once more, within the limit; what cannot be written then is dropped. */
  async close(limitMs: number): Promise<void> {
    const timer = this.#options.clock.setTimer(limitMs, () => this.#stop.abort());
    while (this.#pending.size > 0 && this.#failures === 0 && !this.#stop.signal.aborted) {
      this.#wake();
      if (!this.#running) break;
      await this.#running;
    }
    timer.cancel();
    this.#stop.abort();
    await this.#running;
  }

  #wake(): void {
    if (this.#running || this.#stop.signal.aborted || !this.#options.view.isReady) return;
    this.#running = this.#writeAll().finally(() => {
      this.#running = undefined;
    });
  }

  async #writeAll(): Promise<void> {
    const { clock, random, intervalMs } = this.#options;
    // Facts added in the same turn belong together.
    await Promise.resolve();
    while (this.#pending.size > 0 && !this.#stop.signal.aborted) {
      await this.#writeBatch(this.#takeBatch());
      const retryMs = Math.min(maxRetryDelayMs, intervalMs * 2 ** Math.min(this.#failures, 10)) * (0.5 + random.next() / 2);
      await sleep(clock, this.#failures > 0 ? retryMs : intervalMs, this.#stop.signal).catch(() => {
        // Stopped: the loop's condition ends it.
      });
    }
  }

  #takeBatch(): readonly Write[] {
    const { view, instanceId } = this.#options;
    const writes: Write[] = [];
    for (const [modelId, facts] of this.#pending) {
      if (writes.length >= this.#batchSize) break;
      this.#pending.delete(modelId);
      const base = view.models.get(modelId);
      // Facts about a model that was deleted concern nobody.
      if (!base) continue;
      const record = withFacts(base.record, instanceId, facts);
      if (record !== base.record) writes.push({ modelId, facts, base, record });
    }
    return writes;
  }

  async #writeBatch(writes: readonly Write[]): Promise<void> {
    if (writes.length === 0) return;
    const { store, log } = this.#options;
    for (const { modelId, facts } of writes) this.#writing.set(modelId, facts);
    try {
      const answer = await store.transact(transactionOf(writes), { signal: this.#stop.signal });
      this.#failures = 0;
      if (answer.succeeded) this.#onWritten(writes, answer.revision);
      else this.#onConflict(writes, answer);
    } catch (error) {
      this.#failures++;
      for (const write of writes) this.#putBack(write);
      // Said once an outage, not at each try.
      if (!this.#stop.signal.aborted && this.#failures === 1) {
        log.warn("model records could not be written; it is tried again", {
          models: writes.length,
          reason: PlatformError.from(error).reason,
        });
      }
    } finally {
      this.#writing.clear();
    }
  }

  #onWritten(writes: readonly Write[], revision: number): void {
    this.#batchSize = Math.min(maxBatch, this.#batchSize * 2);
    for (const { modelId, record } of writes) this.#options.view.note(modelId, { record, modRevision: revision });
  }

  #onConflict(writes: readonly Write[], answer: TransactionResponse): void {
    this.#batchSize = Math.max(1, Math.floor(this.#batchSize / 4));
    writes.forEach((write, index) => {
      const response = answer.responses[index];
      const current = response?.kind === "range" ? response.response.keyValues[0] : undefined;
      const record = current && decodeModelRecord(current.value);
      // Deleted meanwhile, or made unreadable: nothing to write to.
      if (!current || !record) return;
      this.#options.view.note(write.modelId, { record, modRevision: current.modRevision });
      this.#putBack(write);
    });
  }

  /** Facts that came meanwhile count more. */
  #putBack({ modelId, facts }: Write): void {
    this.#pending.set(modelId, mergeFacts(facts, this.#pending.get(modelId) ?? {}));
  }
}

function transactionOf(writes: readonly Write[]): Parameters<Store["transact"]>[0] {
  return {
    compare: writes.map(({ modelId, base }) => compareModRevision(modelKey(modelId), base.modRevision)),
    success: writes.map(({ modelId, record }) => putOperation(modelKey(modelId), encodeRecord(record))),
    failure: writes.map(({ modelId }): Operation => ({ kind: "range", request: { range: { kind: "key", key: modelKey(modelId) } } })),
  };
}
