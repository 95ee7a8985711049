/** Messages of etcd's transactions: KV.Txn of api/etcdserverpb/rpc.proto. A oneof is a message of which at most one field is there. */
import { implicit, type MessageType, messageType, optional, type ProtoMessage, repeated } from "@modelyard/codec";
import {
  type DeleteRangeRequestMessage,
  type DeleteRangeResponseMessage,
  deleteRangeRequestMessage,
  deleteRangeResponseMessage,
  type HeaderOnlyMessage,
  type PutRequestMessage,
  type PutResponseMessage,
  putRequestMessage,
  putResponseMessage,
  type RangeRequestMessage,
  type RangeResponseMessage,
  rangeRequestMessage,
  rangeResponseMessage,
  responseHeaderMessage,
} from "./key-messages.ts";

/** Compare.CompareResult by name. */
export const compareResults = { equal: 0, greater: 1, less: 2, notEqual: 3 } as const;
/** Compare.CompareTarget by name. */
export const compareTargets = { version: 0, createRevision: 1, modRevision: 2, value: 3, leaseId: 4 } as const;

export interface CompareMessage extends ProtoMessage {
  readonly result: number;
  readonly target: number;
  readonly key: Uint8Array;
  readonly version?: number;
  readonly createRevision?: number;
  readonly modRevision?: number;
  readonly value?: Uint8Array;
  readonly lease?: number;
  readonly rangeEnd: Uint8Array;
}

const compareMessage: MessageType<CompareMessage> = messageType("etcdserverpb.Compare", {
  result: implicit(1, "enum"),
  target: implicit(2, "enum"),
  key: implicit(3, "bytes"),
  version: optional(4, "safeInt64"),
  createRevision: optional(5, "safeInt64"),
  modRevision: optional(6, "safeInt64"),
  value: optional(7, "bytes"),
  lease: optional(8, "safeInt64"),
  rangeEnd: implicit(64, "bytes"),
});

export interface RequestOpMessage extends ProtoMessage {
  readonly requestRange?: RangeRequestMessage;
  readonly requestPut?: PutRequestMessage;
  readonly requestDeleteRange?: DeleteRangeRequestMessage;
  readonly requestTxn?: TxnRequestMessage;
}

const requestOpMessage: MessageType<RequestOpMessage> = messageType("etcdserverpb.RequestOp", {
  requestRange: optional(1, () => rangeRequestMessage),
  requestPut: optional(2, () => putRequestMessage),
  requestDeleteRange: optional(3, () => deleteRangeRequestMessage),
  requestTxn: optional(4, () => txnRequestMessage),
});

export interface ResponseOpMessage extends ProtoMessage {
  readonly responseRange?: RangeResponseMessage;
  readonly responsePut?: PutResponseMessage;
  readonly responseDeleteRange?: DeleteRangeResponseMessage;
}

const responseOpMessage: MessageType<ResponseOpMessage> = messageType("etcdserverpb.ResponseOp", {
  responseRange: optional(1, () => rangeResponseMessage),
  responsePut: optional(2, () => putResponseMessage),
  responseDeleteRange: optional(3, () => deleteRangeResponseMessage),
});

export interface TxnRequestMessage extends ProtoMessage {
  readonly compare: readonly CompareMessage[];
  readonly success: readonly RequestOpMessage[];
  readonly failure: readonly RequestOpMessage[];
}

export const txnRequestMessage: MessageType<TxnRequestMessage> = messageType("etcdserverpb.TxnRequest", {
  compare: repeated(1, () => compareMessage),
  success: repeated(2, () => requestOpMessage),
  failure: repeated(3, () => requestOpMessage),
});

export interface TxnResponseMessage extends HeaderOnlyMessage {
  readonly succeeded: boolean;
  readonly responses: readonly ResponseOpMessage[];
}

export const txnResponseMessage: MessageType<TxnResponseMessage> = messageType("etcdserverpb.TxnResponse", {
  header: optional(1, () => responseHeaderMessage),
  succeeded: implicit(2, "bool"),
  responses: repeated(3, () => responseOpMessage),
});
