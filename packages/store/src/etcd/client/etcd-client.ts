/** The contract over the etcd v3 gRPC API: of a real etcd, or of another process that serves its store. */
import { type Clock, failure, type Log, PlatformError, type Random, withDeadline } from "@modelyard/core";
import type { Peer } from "@modelyard/wire";
import type {
  Lease,
  LeaseFacts,
  Operation,
  RangeRequest,
  RangeResponse,
  Store,
  Transaction,
  TransactionResponse,
  WaitOptions,
  Watch,
  WatchRequest,
} from "../../contract.ts";
import { compareKeys } from "../../key-order.ts";
import { pickLeaseId } from "../../mvcc/mvcc-store.ts";
import { checkLeaseId, checkRangeRequest, checkRevision, checkTransaction, resolveLeaseTtl } from "../../request-checks.ts";
import { readError } from "../protocol/etcd-error.ts";
import { compactionRequestMessage, headerOnlyMessage, rangeRequestMessage, rangeResponseMessage } from "../protocol/key-messages.ts";
import { readKey } from "../protocol/key-range.ts";
import {
  leaseGrantRequestMessage,
  leaseIdMessage,
  leaseResponseMessage,
  leaseTimeToLiveRequestMessage,
  leaseTimeToLiveResponseMessage,
} from "../protocol/lease-messages.ts";
import { methods } from "../protocol/methods.ts";
import { readRangeResponse, readTransactionResponse, writeRangeRequest, writeTransaction } from "../protocol/transaction-conversion.ts";
import { txnRequestMessage, txnResponseMessage } from "../protocol/transaction-messages.ts";
import { KeepAliveChannel } from "./keep-alive-channel.ts";
import { UnaryCaller } from "./unary-caller.ts";
import { WatchMultiplexer } from "./watch-multiplexer.ts";

/** Options of {@link etcdClient}. */
export interface EtcdClientOptions {
  /** The connection; it stays open when the client is closed. */
  readonly peer: Peer;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  /** Time for one request, all attempts of a read together. Default 10 s. */
  readonly requestTimeoutMs?: number;
}

const defaultRequestTimeoutMs = 10_000;
const leaseIdAttempts = 8;

const calls = {
  range: { path: methods.range, request: rangeRequestMessage, response: rangeResponseMessage },
  txn: { path: methods.txn, request: txnRequestMessage, response: txnResponseMessage },
  compact: { path: methods.compact, request: compactionRequestMessage, response: headerOnlyMessage },
  leaseGrant: { path: methods.leaseGrant, request: leaseGrantRequestMessage, response: leaseResponseMessage },
  leaseRevoke: { path: methods.leaseRevoke, request: leaseIdMessage, response: headerOnlyMessage },
  leaseTimeToLive: {
    path: methods.leaseTimeToLive,
    request: leaseTimeToLiveRequestMessage,
    response: leaseTimeToLiveResponseMessage,
  },
} as const;

/** A store at the other end of a connection. */
export function etcdClient(options: EtcdClientOptions): Store {
  return new EtcdClient(options);
}

class EtcdClient implements Store {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #requestTimeoutMs: number;
  readonly #caller: UnaryCaller;
  readonly #watches: WatchMultiplexer;
  readonly #keepAlives: KeepAliveChannel;
  #closing: Promise<void> | undefined;

  constructor(options: EtcdClientOptions) {
    const { peer, clock, log, random, requestTimeoutMs = defaultRequestTimeoutMs } = options;
    this.#clock = clock;
    this.#random = random;
    this.#requestTimeoutMs = requestTimeoutMs;
    this.#caller = new UnaryCaller({ peer, clock, random, requestTimeoutMs });
    this.#watches = new WatchMultiplexer({ peer, clock, log, random });
    this.#keepAlives = new KeepAliveChannel(peer);
  }

  async range(request: RangeRequest, options: WaitOptions = {}): Promise<RangeResponse> {
    checkRangeRequest(request);
    const { revision = 0 } = request;
    return readRangeResponse(await this.#caller.read(calls.range, writeRangeRequest(request), { ...options, revision }));
  }

  async transact(transaction: Transaction, options: WaitOptions = {}): Promise<TransactionResponse> {
    checkTransaction(transaction);
    const facts = { ...options, ...factsOf(transaction) };
    return readTransactionResponse(await this.#caller.write(calls.txn, writeTransaction(transaction), facts));
  }

  watch(request: WatchRequest): Watch {
    return this.#watches.watch(request);
  }

  async compact(revision: number, options: WaitOptions = {}): Promise<void> {
    checkRevision(revision);
    await this.#caller.write(calls.compact, { revision, physical: false }, { ...options, revision });
  }

  async grantLease(request: { readonly ttlSeconds: number; readonly leaseId?: number }, options: WaitOptions = {}): Promise<Lease> {
    checkLeaseId(request.leaseId);
    const wantedTtl = resolveLeaseTtl(request.ttlSeconds);
    for (let attempt = 1; ; attempt++) {
      // Chosen here: a server would choose one beyond what a number holds.
      const leaseId = request.leaseId || pickLeaseId(this.#random);
      try {
        const { id, ttl } = await this.#caller.write(calls.leaseGrant, { id: leaseId, ttl: wantedTtl }, { ...options, leaseId });
        return { leaseId: id, ttlSeconds: ttl };
      } catch (error) {
        const isOwnPick = !request.leaseId && PlatformError.is(error) && error.reason === "STORE_LEASE_EXISTS";
        if (!isOwnPick || attempt === leaseIdAttempts) throw error;
      }
    }
  }

  async keepAliveLease(leaseId: number, options: WaitOptions = {}): Promise<Lease> {
    checkLeaseId(leaseId);
    options.signal?.throwIfAborted();
    if (this.#closing) throw failure("STORE_CLOSED", {});
    const ttlSeconds = await this.#keepAlive(leaseId, options);
    if (ttlSeconds <= 0) throw failure("STORE_LEASE_NOT_FOUND", { leaseId });
    return { leaseId, ttlSeconds };
  }

  async revokeLease(leaseId: number, options: WaitOptions = {}): Promise<void> {
    checkLeaseId(leaseId);
    await this.#caller.write(calls.leaseRevoke, { id: leaseId }, { ...options, leaseId });
  }

  async leaseFacts(leaseId: number, options: WaitOptions = {}): Promise<LeaseFacts> {
    checkLeaseId(leaseId);
    const facts = await this.#caller.read(calls.leaseTimeToLive, { id: leaseId, keys: true }, { ...options, leaseId });
    if (facts.ttl <= 0) throw failure("STORE_LEASE_NOT_FOUND", { leaseId });
    const keys = facts.keys.map(readKey).toSorted(compareKeys);
    return { leaseId, ttlSeconds: facts.grantedTtl, remainingSeconds: facts.ttl, keys };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #keepAlive(leaseId: number, options: WaitOptions): Promise<number> {
    const wait = { clock: this.#clock, limitMs: this.#requestTimeoutMs, what: "Keeping the lease", ...options };
    try {
      return await withDeadline(this.#keepAlives.keep(leaseId), wait);
    } catch (error) {
      options.signal?.throwIfAborted();
      // A stream without answers is of no use to anybody.
      if (PlatformError.is(error) && error.reason === "DEADLINE_EXCEEDED") this.#keepAlives.reset(readError(error));
      throw readError(error);
    }
  }

  async #close(): Promise<void> {
    await this.#caller.close();
    this.#keepAlives.reset(failure("STORE_CLOSED", {}));
    await this.#watches.close();
  }
}

/** What a refusal of etcd leaves out: which revision it read at, which lease it named. */
function factsOf({ success, failure: otherwise = [] }: Transaction): { readonly revision: number; readonly leaseId: number } {
  const operations: readonly Operation[] = [...success, ...otherwise];
  const read = operations.find((one) => one.kind === "range" && one.request.revision);
  const put = operations.find((one) => one.kind === "put" && one.leaseId);
  return {
    revision: read?.kind === "range" ? (read.request.revision ?? 0) : 0,
    leaseId: put?.kind === "put" ? (put.leaseId ?? 0) : 0,
  };
}
