/**
 * This instance's presence in the store: a lease, its record under it, and the leader's seat when it is free.
 *
 * Reads: `mesh/leader` (through the view). Writes: `mesh/instances/<instanceId>`, `mesh/leader`, both under the lease, which ends with the
 * process. A crash leaves both until the lease expires; the next life of the same instance id takes them over at once.
 */
import { type Clock, type Log, PlatformError, type Random, sleep } from "@modelyard/core";
import { compareModRevision, type HeldLease, keepLease, putOperation, type Store } from "@modelyard/store";
import { instanceKey } from "../identity.ts";
import { encodeRecord } from "../record-codec.ts";
import { type InstanceRecord, leaderKey } from "../records.ts";
import type { RegistryView } from "../registry-view.ts";

/** Options of {@link InstanceSession}. */
export interface InstanceSessionOptions {
  readonly store: Store;
  readonly view: RegistryView;
  readonly instanceId: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly ttlSeconds: number;
  /** Least time between two writes of the record. */
  readonly intervalMs: number;
  /** The record as it is now. */
  readonly record: () => InstanceRecord;
  /** A session began: what others removed while there was none has to be said again. */
  readonly onBegin: () => void;
}

/** A record that did not change is written again after this time, as ModelMesh does. */
const refreshMs = 40_000;
const retryDelayMs = 1_000;
/** The store is another process, which may start later than this one: until then its absence is no news. */
const startGraceMs = 10_000;
const encoder = new TextEncoder();

/** Keeps the instance known. */
export class InstanceSession {
  readonly #options: InstanceSessionOptions;
  readonly #stop = new AbortController();
  #lease: HeldLease | undefined;
  #running: Promise<void> | undefined;
  /** The store's revision when the record was first written under the present lease. */
  #sinceRevision = 0;
  #written = "";
  #writtenAtMs = Number.NEGATIVE_INFINITY;
  #isWriting = false;
  #isSeeking = false;

  constructor(options: InstanceSessionOptions) {
    this.#options = options;
  }

  /** Whether this instance does what one instance does for all. Never true without a lease that is surely alive. */
  get isLeader(): boolean {
    const { view, instanceId } = this.#options;
    const lease = this.#lease;
    if (!lease || lease.lost.aborted) return false;
    return view.leader?.instanceId === instanceId && view.leader.leaseId === lease.leaseId;
  }

  start(): void {
    this.#running ??= this.#holdLease();
  }

  /** Writes the record when it changed, and takes the leader's seat when it is free; called often. */
  async refresh(): Promise<void> {
    const lease = this.#lease;
    if (!lease || lease.lost.aborted) return;
    await this.#writeRecord(lease);
    await this.#seekLeadership(lease);
  }

  /** Gives up the lease, and with it the record and the seat; when the store does not answer in time they expire. */
  async close(limitMs: number): Promise<void> {
    this.#stop.abort();
    const release = this.#lease?.release();
    if (release) await Promise.race([release.catch(ignoreFailure), sleep(this.#options.clock, limitMs)]);
    await this.#running;
  }

  async #holdLease(): Promise<void> {
    const { store, clock, random, log, ttlSeconds, onBegin } = this.#options;
    const { signal } = this.#stop;
    const startedAtMs = clock.monotonicMs();
    let isSaid = false;
    while (!signal.aborted) {
      try {
        const lease = await keepLease(store, { clock, random, ttlSeconds, signal, log });
        this.#lease = lease;
        isSaid = false;
        this.#written = "";
        this.#sinceRevision = 0;
        onBegin();
        await this.refresh();
        await lost(lease, signal);
        if (!signal.aborted) log.warn("the instance's lease was lost; a new one is asked for", { leaseId: lease.leaseId });
      } catch (error) {
        // Said once an outage, not at each try.
        if (!signal.aborted && !isSaid) {
          const isStarting = !this.#lease && clock.monotonicMs() - startedAtMs < startGraceMs;
          log[isStarting ? "debug" : "warn"]("the instance has no lease; it is tried again", { reason: PlatformError.from(error).reason });
          isSaid = !isStarting;
        }
      }
      if (!signal.aborted) await sleep(clock, retryDelayMs * (0.5 + random.next() / 2), signal).catch(ignoreFailure);
    }
  }

  async #writeRecord(lease: HeldLease): Promise<void> {
    const { store, clock, instanceId, intervalMs, log } = this.#options;
    const nowMs = clock.monotonicMs();
    const record = this.#options.record();
    const text = JSON.stringify(record);
    const isDue = this.#written === "" || nowMs - this.#writtenAtMs >= (text === this.#written ? refreshMs : intervalMs);
    if (this.#isWriting || !isDue) return;
    this.#isWriting = true;
    try {
      const put = putOperation(instanceKey(instanceId), encodeRecord(record), lease.leaseId);
      const answer = await store.transact({ success: [put] }, { signal: this.#stop.signal });
      if (this.#sinceRevision === 0) this.#sinceRevision = answer.revision;
      this.#written = text;
      this.#writtenAtMs = nowMs;
    } catch (error) {
      if (!this.#stop.signal.aborted) log.debug("the instance record was not written", { reason: PlatformError.from(error).reason });
    } finally {
      this.#isWriting = false;
    }
  }

  async #seekLeadership(lease: HeldLease): Promise<void> {
    const { store, view, instanceId, log } = this.#options;
    const { leader } = view;
    // A seat of this id from before this session is its previous life's; a later one is a namesake's, with which nobody wins by fighting.
    const isFree = !leader || (leader.instanceId === instanceId && leader.modRevision < this.#sinceRevision);
    if (this.#isSeeking || !view.isReady || !isFree) return;
    this.#isSeeking = true;
    try {
      const compare = [compareModRevision(leaderKey, leader?.modRevision ?? 0)];
      const put = putOperation(leaderKey, encoder.encode(instanceId), lease.leaseId);
      const answer = await store.transact({ compare, success: [put] }, { signal: this.#stop.signal });
      if (answer.succeeded) log.info("this instance leads", { instanceId });
    } catch (error) {
      if (!this.#stop.signal.aborted) log.debug("the leader's seat was not taken", { reason: PlatformError.from(error).reason });
    } finally {
      this.#isSeeking = false;
    }
  }
}

function lost(lease: HeldLease, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      lease.lost.removeEventListener("abort", end);
      signal.removeEventListener("abort", end);
      resolve();
    };
    lease.lost.addEventListener("abort", end, { once: true });
    signal.addEventListener("abort", end, { once: true });
    if (lease.lost.aborted || signal.aborted) end();
  });
}

/** Ended by the stop signal, or by a store that is away: nothing is left to do in either case. */
function ignoreFailure(): void {}
