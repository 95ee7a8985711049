/**
 * Hands committed changes to watches. A watch that starts in the past reads history page by page, as fast as its consumer takes it, and joins the
 * live ones in the same turn in which it has read up to the last published revision: nothing lies between the two, nothing is in both.
 *
 * Invariant: `publish` is called in the order of revisions, before any writer hears that its change is committed.
 */
import { failure } from "@modelyard/core";
import type { Watch, WatchBatch, WatchEvent, WatchRequest } from "../contract.ts";
import { inRange } from "../key-order.ts";
import { checkWatchRequest, defaultMaxBufferedEvents } from "../request-checks.ts";
import { EventBuffer } from "./event-buffer.ts";
import type { HistoryPage, HistoryRequest } from "./tables.ts";

/** What one or more commits changed. */
export interface Published {
  /** The store's revision after them. */
  readonly revision: number;
  readonly compactedRevision: number;
  /** In order; each with the value before it. */
  readonly events: readonly WatchEvent[];
}

/** Reads history for watches that start in the past; rejects with `STORE_COMPACTED` where it is gone. */
export type ReadHistory = (request: HistoryRequest) => Promise<HistoryPage>;

const historyPageEvents = 512;

/** Every watch of one store. */
export class WatchHub {
  readonly #readHistory: ReadHistory;
  readonly #live = new Set<HubWatch>();
  readonly #all = new Set<HubWatch>();
  #revision: number;
  #compactedRevision: number;
  #closed = false;

  constructor(start: { readonly revision: number; readonly compactedRevision: number }, readHistory: ReadHistory) {
    this.#revision = start.revision;
    this.#compactedRevision = start.compactedRevision;
    this.#readHistory = readHistory;
  }

  /** The last published revision. */
  get revision(): number {
    return this.#revision;
  }

  /** Makes changes known; they must follow what was published before. */
  publish(published: Published): void {
    this.#revision = published.revision;
    this.#compactedRevision = published.compactedRevision;
    if (published.events.length === 0) return;
    for (const watch of this.#live) watch.offer(published);
  }

  watch(request: WatchRequest): Watch {
    const watch = new HubWatch(request, () => this.#forget(watch));
    try {
      if (this.#closed) throw failure("STORE_CLOSED", {});
      checkWatchRequest(request);
      this.#admit(watch, request.startRevision || this.#revision + 1);
    } catch (error) {
      watch.refuse(error);
    }
    return watch;
  }

  /** Ends every watch with `STORE_CLOSED`. */
  close(): void {
    this.#closed = true;
    for (const watch of this.#all) watch.fail(failure("STORE_CLOSED", {}));
  }

  #admit(watch: HubWatch, startRevision: number): void {
    const compactedRevision = this.#compactedRevision;
    if (startRevision <= compactedRevision) throw failure("STORE_COMPACTED", { revision: startRevision, compactedRevision });
    watch.begin(startRevision, this.#revision);
    this.#all.add(watch);
    if (startRevision > this.#revision) this.#live.add(watch);
    else void this.#catchUp(watch, startRevision);
  }

  async #catchUp(watch: HubWatch, startRevision: number): Promise<void> {
    let from = startRevision;
    try {
      while (!watch.ended && from <= this.#revision) {
        const { range } = watch.request;
        const page = await this.#readHistory({ range, from, to: this.#revision, limit: historyPageEvents });
        watch.offer({ revision: page.reached, events: page.events });
        await watch.drained();
        from = page.reached + 1;
      }
    } catch (error) {
      watch.fail(error);
    }
    if (!watch.ended) this.#live.add(watch);
  }

  #forget(watch: HubWatch): void {
    this.#live.delete(watch);
    this.#all.delete(watch);
  }
}

/** One watch; the hub is its only writer. */
class HubWatch implements Watch {
  readonly request: WatchRequest;
  readonly started: Promise<number>;
  readonly #buffer: EventBuffer;
  readonly #onEnd: () => void;
  readonly #starting: PromiseWithResolvers<number>;
  #startRevision = 0;

  constructor(request: WatchRequest, onEnd: () => void) {
    this.request = request;
    this.#onEnd = onEnd;
    this.#buffer = new EventBuffer(request.maxBufferedEvents ?? defaultMaxBufferedEvents, () => this.close());
    this.#starting = Promise.withResolvers<number>();
    this.started = this.#starting.promise;
    // Iterating throws the same error, so a caller need not look at `started`.
    this.started.catch(() => {});
  }

  get ended(): boolean {
    return this.#buffer.ended;
  }

  begin(startRevision: number, currentRevision: number): void {
    this.#startRevision = startRevision;
    this.#starting.resolve(currentRevision);
  }

  refuse(error: unknown): void {
    this.#starting.reject(error);
    this.fail(error);
  }

  offer(batch: WatchBatch): void {
    const { range, previous } = this.request;
    const wanted = batch.events.filter(({ keyValue }) => keyValue.modRevision >= this.#startRevision && inRange(range, keyValue.key));
    if (wanted.length === 0) return;
    const events = previous ? wanted : wanted.map(({ kind, keyValue }) => ({ kind, keyValue }));
    if (this.#buffer.push({ revision: batch.revision, events })) return;
    const lost = wanted[0]?.keyValue.modRevision ?? batch.revision;
    this.fail(failure("STORE_COMPACTED", { revision: lost, compactedRevision: batch.revision }));
  }

  drained(): Promise<void> {
    return this.#buffer.drained();
  }

  fail(error: unknown): void {
    this.#onEnd();
    this.#buffer.fail(error);
  }

  close(): void {
    this.#onEnd();
    this.#buffer.close();
  }

  [Symbol.asyncIterator](): AsyncIterator<WatchBatch> {
    return this.#buffer;
  }
}
