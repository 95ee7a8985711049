/** The unary methods of the server face: each reads its message, asks the store, and writes the answer. */
import { type MessageType, readMessage, writeMessage } from "@modelyard/codec";
import { assert, PlatformError } from "@modelyard/core";
import type { OperationResponse, Store, WaitOptions } from "../../contract.ts";
import {
  type CompactionRequestMessage,
  compactionRequestMessage,
  type DeleteRangeRequestMessage,
  deleteRangeRequestMessage,
  deleteRangeResponseMessage,
  emptyMessage,
  headerOnlyMessage,
  putRequestMessage,
  putResponseMessage,
  type ResponseHeaderMessage,
  rangeRequestMessage,
  rangeResponseMessage,
} from "../protocol/key-messages.ts";
import { readRange, writeKeyValue } from "../protocol/key-range.ts";
import {
  type LeaseTimeToLiveRequestMessage,
  type LeaseTimeToLiveResponseMessage,
  leaseGrantRequestMessage,
  leaseIdMessage,
  leaseResponseMessage,
  leaseTimeToLiveRequestMessage,
  leaseTimeToLiveResponseMessage,
  statusResponseMessage,
} from "../protocol/lease-messages.ts";
import { methods } from "../protocol/methods.ts";
import {
  readPut,
  readTransaction,
  writeDeleteResponse,
  writeRangeResponse,
  writeTransactionResponse,
} from "../protocol/transaction-conversion.ts";
import { txnRequestMessage, txnResponseMessage } from "../protocol/transaction-messages.ts";
import { sortedRange } from "./sorted-range.ts";

/** Answers the bytes of a request with those of a response. */
export type UnaryMethod = (request: Uint8Array, options: WaitOptions) => Promise<Uint8Array>;

/** The face is one member of a cluster of one. */
const self = { clusterId: 1n, memberId: 1n, raftTerm: 1n };
/** Version of the API that is spoken, for clients that ask. */
const apiVersion = "3.4.0";

/** Header of a response at a revision. */
export function headerAt(revision: number): ResponseHeaderMessage {
  return { ...self, revision };
}

/** Its revision is filled in from the response it goes with. */
const anyHeader = headerAt(0);

/** Methods by path. */
export function unaryMethods(store: Store): ReadonlyMap<string, UnaryMethod> {
  return new Map<string, UnaryMethod>([
    [
      methods.range,
      method({ request: rangeRequestMessage, response: rangeResponseMessage }, async (message, options) =>
        writeRangeResponse(await sortedRange(store, message, options), anyHeader),
      ),
    ],
    [
      methods.put,
      method({ request: putRequestMessage, response: putResponseMessage }, async (message, options) => {
        const { revision, responses } = await store.transact({ success: [readPut(message)] }, options);
        const { previous } = only(responses, "put");
        return { header: headerAt(revision), ...(previous ? { prevKv: writeKeyValue(previous) } : {}) };
      }),
    ],
    [
      methods.deleteRange,
      method({ request: deleteRangeRequestMessage, response: deleteRangeResponseMessage }, async (message, options) => {
        const { revision, responses } = await store.transact({ success: [deleteOf(message)] }, options);
        return writeDeleteResponse(only(responses, "delete"), headerAt(revision));
      }),
    ],
    [
      methods.txn,
      method({ request: txnRequestMessage, response: txnResponseMessage }, async (message, options) =>
        writeTransactionResponse(await store.transact(readTransaction(message), options), anyHeader),
      ),
    ],
    [
      methods.compact,
      method({ request: compactionRequestMessage, response: headerOnlyMessage }, async (message: CompactionRequestMessage, options) => {
        await store.compact(message.revision, options);
        return { header: await currentHeader(store, options) };
      }),
    ],
    ...leaseMethods(store),
    [
      methods.status,
      method({ request: emptyMessage, response: statusResponseMessage }, async (_message, options) => ({
        header: await currentHeader(store, options),
        version: apiVersion,
        leader: self.memberId,
        raftTerm: self.raftTerm,
      })),
    ],
  ]);
}

function leaseMethods(store: Store): readonly (readonly [string, UnaryMethod])[] {
  return [
    [
      methods.leaseGrant,
      method({ request: leaseGrantRequestMessage, response: leaseResponseMessage }, async ({ ttl, id }, options) => {
        const lease = await store.grantLease({ ttlSeconds: ttl, leaseId: id }, options);
        return { header: await currentHeader(store, options), id: lease.leaseId, ttl: lease.ttlSeconds };
      }),
    ],
    [
      methods.leaseRevoke,
      method({ request: leaseIdMessage, response: headerOnlyMessage }, async ({ id }, options) => {
        await store.revokeLease(id, options);
        return { header: await currentHeader(store, options) };
      }),
    ],
    [
      methods.leaseTimeToLive,
      method({ request: leaseTimeToLiveRequestMessage, response: leaseTimeToLiveResponseMessage }, async (message, options) => {
        const header = await currentHeader(store, options);
        return { header, ...(await timeToLive(store, message, options)) };
      }),
    ],
  ];
}

async function timeToLive(
  store: Store,
  { id, keys: wantsKeys }: LeaseTimeToLiveRequestMessage,
  options: WaitOptions,
): Promise<LeaseTimeToLiveResponseMessage> {
  try {
    const { remainingSeconds, ttlSeconds, keys } = await store.leaseFacts(id, options);
    const keyBytes = wantsKeys ? keys.map((key) => Buffer.from(key)) : [];
    return { id, ttl: Math.ceil(remainingSeconds), grantedTtl: ttlSeconds, keys: keyBytes };
  } catch (error) {
    // etcd tells of a lease that is gone by its time.
    if (PlatformError.is(error) && error.reason === "STORE_LEASE_NOT_FOUND") return { id, ttl: -1, grantedTtl: 0, keys: [] };
    throw error;
  }
}

function method<Q, S>(
  types: { readonly request: MessageType<Q>; readonly response: MessageType<S> },
  answer: (message: Q, options: WaitOptions) => Promise<S>,
): UnaryMethod {
  return async (request, options) => writeMessage(types.response, await answer(readMessage(types.request, request), options));
}

async function currentHeader(store: Store, options: WaitOptions): Promise<ResponseHeaderMessage> {
  const { revision } = await store.range({ range: { kind: "key", key: "\0" }, countOnly: true }, options);
  return headerAt(revision);
}

function deleteOf(message: DeleteRangeRequestMessage): {
  readonly kind: "delete";
  readonly range: ReturnType<typeof readRange>;
  readonly previous: boolean;
} {
  return { kind: "delete", range: readRange(message), previous: message.prevKv };
}

function only<K extends OperationResponse["kind"]>(
  responses: readonly OperationResponse[],
  kind: K,
): OperationResponse & { readonly kind: K } {
  const response = responses.find((one): one is OperationResponse & { readonly kind: K } => one.kind === kind);
  assert(response, "each operation has its response");
  return response;
}
