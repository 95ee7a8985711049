/** Transactions between the contract and etcd's messages, both ways. */
import { assertNever, failure } from "@modelyard/core";
import type {
  Compare,
  Operation,
  OperationResponse,
  RangeRequest,
  RangeResponse,
  Transaction,
  TransactionResponse,
} from "../../contract.ts";
import type {
  DeleteRangeResponseMessage,
  PutRequestMessage,
  RangeRequestMessage,
  RangeResponseMessage,
  ResponseHeaderMessage,
} from "./key-messages.ts";
import { readKey, readKeyValue, readKeyValues, readRange, writeKeyValue, writeRange } from "./key-range.ts";
import {
  type CompareMessage,
  compareResults,
  compareTargets,
  type RequestOpMessage,
  type ResponseOpMessage,
  type TxnRequestMessage,
  type TxnResponseMessage,
} from "./transaction-messages.ts";

const noBytes = new Uint8Array(0);

/** The message that asks for a read. */
export function writeRangeRequest(request: RangeRequest): RangeRequestMessage {
  const { range, limit = 0, revision = 0, keysOnly = false, countOnly = false } = request;
  return {
    ...writeRange(range),
    limit,
    revision,
    keysOnly,
    countOnly,
    sortOrder: 0,
    sortTarget: 0,
    serializable: false,
    minModRevision: 0,
    maxModRevision: 0,
    minCreateRevision: 0,
    maxCreateRevision: 0,
  };
}

/** The read a message asks for, without its sorting and filtering. */
export function readRangeRequest(message: RangeRequestMessage): RangeRequest {
  const { limit, revision, keysOnly, countOnly } = message;
  return { range: readRange(message), limit, revision, keysOnly, countOnly };
}

export function writeRangeResponse(response: RangeResponse, header: ResponseHeaderMessage): RangeResponseMessage {
  const { revision, keyValues, more, count } = response;
  return { header: { ...header, revision }, kvs: keyValues.map(writeKeyValue), more, count };
}

export function readRangeResponse({ header, kvs, more, count }: RangeResponseMessage, revision = 0): RangeResponse {
  return { revision: header?.revision || revision, keyValues: readKeyValues(kvs), more, count };
}

export function writeTransaction({ compare = [], success, failure: otherwise = [] }: Transaction): TxnRequestMessage {
  return { compare: compare.map(writeCompare), success: success.map(writeOperation), failure: otherwise.map(writeOperation) };
}

export function readTransaction({ compare, success, failure: otherwise }: TxnRequestMessage): Transaction {
  return { compare: compare.map(readCompare), success: success.map(readOperation), failure: otherwise.map(readOperation) };
}

export function writeTransactionResponse(response: TransactionResponse, header: ResponseHeaderMessage): TxnResponseMessage {
  const { revision, succeeded, responses } = response;
  const own = { ...header, revision };
  return { header: own, succeeded, responses: responses.map((one) => writeOperationResponse(one, own)) };
}

export function readTransactionResponse({ header, succeeded, responses }: TxnResponseMessage): TransactionResponse {
  const revision = header?.revision ?? 0;
  return { revision, succeeded, responses: responses.map((one) => readOperationResponse(one, revision)) };
}

/** The operation a put asks for. */
export function readPut(message: PutRequestMessage): Operation & { readonly kind: "put" } {
  const { key, value, lease, prevKv, ignoreValue, ignoreLease } = message;
  if (ignoreValue || ignoreLease) throw failure("UNIMPLEMENTED", { what: "A put that keeps the value or the lease" });
  return { kind: "put", key: readKey(key), value, leaseId: lease, previous: prevKv };
}

export function writeDeleteResponse(
  response: OperationResponse & { readonly kind: "delete" },
  header: ResponseHeaderMessage,
): DeleteRangeResponseMessage {
  return { header, deleted: response.deleted, prevKvs: response.previous.map(writeKeyValue) };
}

function writeOperation(operation: Operation): RequestOpMessage {
  switch (operation.kind) {
    case "put": {
      const { key, value, leaseId: lease = 0, previous: prevKv = false } = operation;
      return { requestPut: { key: Buffer.from(key), value, lease, prevKv, ignoreValue: false, ignoreLease: false } };
    }
    case "delete":
      return { requestDeleteRange: { ...writeRange(operation.range), prevKv: operation.previous ?? false } };
    case "range":
      return { requestRange: writeRangeRequest(operation.request) };
    default:
      return assertNever(operation);
  }
}

function readOperation({ requestRange, requestPut, requestDeleteRange, requestTxn }: RequestOpMessage): Operation {
  if (requestRange) return { kind: "range", request: readRangeRequest(requestRange) };
  if (requestPut) return readPut(requestPut);
  if (requestDeleteRange) return { kind: "delete", range: readRange(requestDeleteRange), previous: requestDeleteRange.prevKv };
  if (requestTxn) throw failure("UNIMPLEMENTED", { what: "A transaction inside a transaction" });
  throw failure("STORE_INVALID_REQUEST", { problem: "an operation of the transaction is empty" });
}

function writeOperationResponse(response: OperationResponse, header: ResponseHeaderMessage): ResponseOpMessage {
  switch (response.kind) {
    case "put":
      return { responsePut: { header, ...(response.previous ? { prevKv: writeKeyValue(response.previous) } : {}) } };
    case "delete":
      return { responseDeleteRange: writeDeleteResponse(response, header) };
    case "range":
      return { responseRange: writeRangeResponse(response.response, header) };
    default:
      return assertNever(response);
  }
}

function readOperationResponse(message: ResponseOpMessage, revision: number): OperationResponse {
  const { responseRange, responsePut, responseDeleteRange } = message;
  if (responseRange) return { kind: "range", response: readRangeResponse(responseRange, revision) };
  if (responsePut) return { kind: "put", ...(responsePut.prevKv ? { previous: readKeyValue(responsePut.prevKv) } : {}) };
  if (responseDeleteRange) {
    return { kind: "delete", deleted: responseDeleteRange.deleted, previous: readKeyValues(responseDeleteRange.prevKvs) };
  }
  throw failure("STORE_UNAVAILABLE", { why: "it answered a transaction with an unknown operation" });
}

function writeCompare(compare: Compare): CompareMessage {
  const { key, result, target, value } = compare;
  const base = { key: Buffer.from(key), result: compareResults[result], target: compareTargets[target], rangeEnd: noBytes };
  if (compare.target === "leaseId") return { ...base, lease: compare.value };
  return { ...base, [target]: value };
}

function readCompare(message: CompareMessage): Compare {
  if (message.rangeEnd.length > 0) throw failure("UNIMPLEMENTED", { what: "A compare of a range of keys" });
  const base = { key: readKey(message.key), result: nameOf(compareResults, message.result) };
  const target = nameOf(compareTargets, message.target);
  if (target === "value") return { ...base, target, value: message.value ?? noBytes };
  const value = target === "leaseId" ? message.lease : message[target];
  return { ...base, target, value: value ?? 0 };
}

function nameOf<N extends string>(table: Readonly<Record<N, number>>, number: number): N {
  for (const name in table) if (table[name] === number) return name;
  throw failure("STORE_INVALID_REQUEST", { problem: `a compare holds the unknown number ${number}` });
}
