/**
 * The contract over any backend that keeps tables: checks requests, runs the lease clock, and gives watches what the backend commits.
 * Memory and SQLite differ only in the backend.
 */
import { assert, type Clock, failure, type Log, PlatformError, type Random, randomInteger } from "@modelyard/core";
import type {
  Lease,
  LeaseFacts,
  RangeRequest,
  RangeResponse,
  Store,
  Transaction,
  TransactionResponse,
  WaitOptions,
  Watch,
  WatchRequest,
} from "../contract.ts";
import { checkLeaseId, checkRangeRequest, checkRevision, checkTransaction, resolveLeaseTtl } from "../request-checks.ts";
import type { Command, Outcome } from "./execute-command.ts";
import { LeaseClock } from "./lease-clock.ts";
import type { HistoryPage, HistoryRequest, LeaseRow } from "./tables.ts";
import { type Published, WatchHub } from "./watch-hub.ts";

/** What was there when a backend opened. */
export interface BackendStart {
  readonly revision: number;
  readonly compactedRevision: number;
  readonly leases: readonly LeaseRow[];
}

/** Tables with one writer. */
export interface MvccBackend {
  readonly start: BackendStart;
  /** Called once, before any command; the listener hears of each commit before the command that made it resolves. */
  onCommit(listener: (published: Published) => void): void;
  execute(command: Command, signal?: AbortSignal): Promise<Outcome>;
  range(request: RangeRequest, signal?: AbortSignal): Promise<RangeResponse>;
  history(request: HistoryRequest): Promise<HistoryPage>;
  leaseKeys(leaseId: number, signal?: AbortSignal): Promise<readonly string[]>;
  /** Finishes what was accepted. */
  close(): Promise<void>;
}

/** What a store with a backend needs besides it. */
export interface MvccStoreDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
}

const expiryRetryMs = 1_000;
const leaseIdAttempts = 8;

/** A store over a backend. */
export class MvccStore implements Store {
  readonly #backend: MvccBackend;
  readonly #deps: MvccStoreDeps;
  readonly #hub: WatchHub;
  readonly #leases: LeaseClock;
  #closing: Promise<void> | undefined;

  constructor(backend: MvccBackend, deps: MvccStoreDeps) {
    this.#backend = backend;
    this.#deps = deps;
    this.#hub = new WatchHub(backend.start, (request) => backend.history(request));
    this.#leases = new LeaseClock(deps.clock, (leaseId) => void this.#expire(leaseId));
    backend.onCommit((published) => this.#hub.publish(published));
    for (const lease of backend.start.leases) this.#leases.start(lease);
  }

  async range(request: RangeRequest, options: WaitOptions = {}): Promise<RangeResponse> {
    this.#checkOpen(options);
    checkRangeRequest(request);
    return this.#backend.range(request, options.signal);
  }

  async transact(transaction: Transaction, options: WaitOptions = {}): Promise<TransactionResponse> {
    this.#checkOpen(options);
    checkTransaction(transaction);
    const { response } = await this.#backend.execute({ kind: "transact", transaction }, options.signal);
    assert(response, "a transaction has a response");
    return response;
  }

  watch(request: WatchRequest): Watch {
    return this.#hub.watch(request);
  }

  async compact(revision: number, options: WaitOptions = {}): Promise<void> {
    this.#checkOpen(options);
    checkRevision(revision);
    await this.#backend.execute({ kind: "compact", revision }, options.signal);
  }

  async grantLease(request: { readonly ttlSeconds: number; readonly leaseId?: number }, options: WaitOptions = {}): Promise<Lease> {
    this.#checkOpen(options);
    checkLeaseId(request.leaseId);
    const ttlSeconds = resolveLeaseTtl(request.ttlSeconds);
    for (let attempt = 1; ; attempt++) {
      const lease = { leaseId: request.leaseId || pickLeaseId(this.#deps.random), ttlSeconds };
      try {
        await this.#backend.execute({ kind: "grant", ...lease }, options.signal);
        this.#leases.start(lease);
        return lease;
      } catch (error) {
        const isOwnPick = !request.leaseId && PlatformError.is(error) && error.reason === "STORE_LEASE_EXISTS";
        if (!isOwnPick || attempt === leaseIdAttempts) throw error;
      }
    }
  }

  async keepAliveLease(leaseId: number, options: WaitOptions = {}): Promise<Lease> {
    this.#checkOpen(options);
    const { ttlSeconds } = this.#runningLease(leaseId);
    this.#leases.start({ leaseId, ttlSeconds });
    return { leaseId, ttlSeconds };
  }

  async revokeLease(leaseId: number, options: WaitOptions = {}): Promise<void> {
    this.#checkOpen(options);
    checkLeaseId(leaseId);
    await this.#backend.execute({ kind: "revoke", leaseId }, options.signal);
    this.#leases.stop(leaseId);
  }

  async leaseFacts(leaseId: number, options: WaitOptions = {}): Promise<LeaseFacts> {
    this.#checkOpen(options);
    const { ttlSeconds, remainingSeconds } = this.#runningLease(leaseId);
    const keys = await this.#backend.leaseKeys(leaseId, options.signal);
    return { leaseId, ttlSeconds, remainingSeconds, keys };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#leases.close();
    await this.#backend.close();
    this.#hub.close();
  }

  #runningLease(leaseId: number): { readonly ttlSeconds: number; readonly remainingSeconds: number } {
    const running = this.#leases.get(leaseId);
    if (!running) throw failure("STORE_LEASE_NOT_FOUND", { leaseId });
    return running;
  }

  async #expire(leaseId: number): Promise<void> {
    if (this.#closing) return;
    try {
      await this.#backend.execute({ kind: "revoke", leaseId });
    } catch (error) {
      if (this.#closing || (PlatformError.is(error) && error.reason === "STORE_LEASE_NOT_FOUND")) return;
      this.#deps.log.error("An expired lease could not be ended; it is tried again", error, { leaseId });
      this.#deps.clock.setTimer(expiryRetryMs, () => void this.#expire(leaseId), { background: true });
    }
  }

  #checkOpen({ signal }: WaitOptions): void {
    signal?.throwIfAborted();
    if (this.#closing) throw failure("STORE_CLOSED", {});
  }
}

/** A random lease id: below 2^53, never 0. */
export function pickLeaseId(random: Random): number {
  return 1 + randomInteger(random, Number.MAX_SAFE_INTEGER);
}
