/**
 * Messages of etcd's key space: etcd api/mvccpb/kv.proto and the KV service of api/etcdserverpb/rpc.proto. Names follow those files.
 * Revisions and ids are numbers, refused beyond 2^53, but for the lease of a key: another client of a foreign server may have chosen any.
 */
import { implicit, type MessageType, messageType, optional, type ProtoMessage, repeated } from "@modelyard/codec";

/** mvccpb.KeyValue. */
export interface KeyValueMessage extends ProtoMessage {
  readonly key: Uint8Array;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
  readonly value: Uint8Array;
  readonly lease: bigint;
}

export const keyValueMessage: MessageType<KeyValueMessage> = messageType("mvccpb.KeyValue", {
  key: implicit(1, "bytes"),
  createRevision: implicit(2, "safeInt64"),
  modRevision: implicit(3, "safeInt64"),
  version: implicit(4, "safeInt64"),
  value: implicit(5, "bytes"),
  lease: implicit(6, "int64"),
});

/** On every response: where the store stands. */
export interface ResponseHeaderMessage extends ProtoMessage {
  readonly clusterId: bigint;
  readonly memberId: bigint;
  readonly revision: number;
  readonly raftTerm: bigint;
}

export const responseHeaderMessage: MessageType<ResponseHeaderMessage> = messageType("etcdserverpb.ResponseHeader", {
  clusterId: implicit(1, "uint64"),
  memberId: implicit(2, "uint64"),
  revision: implicit(3, "safeInt64"),
  raftTerm: implicit(4, "uint64"),
});

/** A response of which only the header matters. */
export interface HeaderOnlyMessage extends ProtoMessage {
  readonly header?: ResponseHeaderMessage;
}

export const headerOnlyMessage: MessageType<HeaderOnlyMessage> = messageType("HeaderOnly", {
  header: optional(1, () => responseHeaderMessage),
});

/** A request without fields. */
export const emptyMessage: MessageType<ProtoMessage> = messageType("Empty", {});

export interface RangeRequestMessage extends ProtoMessage {
  readonly key: Uint8Array;
  readonly rangeEnd: Uint8Array;
  readonly limit: number;
  readonly revision: number;
  readonly sortOrder: number;
  readonly sortTarget: number;
  readonly serializable: boolean;
  readonly keysOnly: boolean;
  readonly countOnly: boolean;
  readonly minModRevision: number;
  readonly maxModRevision: number;
  readonly minCreateRevision: number;
  readonly maxCreateRevision: number;
}

export const rangeRequestMessage: MessageType<RangeRequestMessage> = messageType("etcdserverpb.RangeRequest", {
  key: implicit(1, "bytes"),
  rangeEnd: implicit(2, "bytes"),
  limit: implicit(3, "safeInt64"),
  revision: implicit(4, "safeInt64"),
  sortOrder: implicit(5, "enum"),
  sortTarget: implicit(6, "enum"),
  serializable: implicit(7, "bool"),
  keysOnly: implicit(8, "bool"),
  countOnly: implicit(9, "bool"),
  minModRevision: implicit(10, "safeInt64"),
  maxModRevision: implicit(11, "safeInt64"),
  minCreateRevision: implicit(12, "safeInt64"),
  maxCreateRevision: implicit(13, "safeInt64"),
});

export interface RangeResponseMessage extends HeaderOnlyMessage {
  readonly kvs: readonly KeyValueMessage[];
  readonly more: boolean;
  readonly count: number;
}

export const rangeResponseMessage: MessageType<RangeResponseMessage> = messageType("etcdserverpb.RangeResponse", {
  header: optional(1, () => responseHeaderMessage),
  kvs: repeated(2, () => keyValueMessage),
  more: implicit(3, "bool"),
  count: implicit(4, "safeInt64"),
});

export interface PutRequestMessage extends ProtoMessage {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly lease: number;
  readonly prevKv: boolean;
  readonly ignoreValue: boolean;
  readonly ignoreLease: boolean;
}

export const putRequestMessage: MessageType<PutRequestMessage> = messageType("etcdserverpb.PutRequest", {
  key: implicit(1, "bytes"),
  value: implicit(2, "bytes"),
  lease: implicit(3, "safeInt64"),
  prevKv: implicit(4, "bool"),
  ignoreValue: implicit(5, "bool"),
  ignoreLease: implicit(6, "bool"),
});

export interface PutResponseMessage extends HeaderOnlyMessage {
  readonly prevKv?: KeyValueMessage;
}

export const putResponseMessage: MessageType<PutResponseMessage> = messageType("etcdserverpb.PutResponse", {
  header: optional(1, () => responseHeaderMessage),
  prevKv: optional(2, () => keyValueMessage),
});

export interface DeleteRangeRequestMessage extends ProtoMessage {
  readonly key: Uint8Array;
  readonly rangeEnd: Uint8Array;
  readonly prevKv: boolean;
}

export const deleteRangeRequestMessage: MessageType<DeleteRangeRequestMessage> = messageType("etcdserverpb.DeleteRangeRequest", {
  key: implicit(1, "bytes"),
  rangeEnd: implicit(2, "bytes"),
  prevKv: implicit(3, "bool"),
});

export interface DeleteRangeResponseMessage extends HeaderOnlyMessage {
  readonly deleted: number;
  readonly prevKvs: readonly KeyValueMessage[];
}

export const deleteRangeResponseMessage: MessageType<DeleteRangeResponseMessage> = messageType("etcdserverpb.DeleteRangeResponse", {
  header: optional(1, () => responseHeaderMessage),
  deleted: implicit(2, "safeInt64"),
  prevKvs: repeated(3, () => keyValueMessage),
});

export interface CompactionRequestMessage extends ProtoMessage {
  readonly revision: number;
  readonly physical: boolean;
}

export const compactionRequestMessage: MessageType<CompactionRequestMessage> = messageType("etcdserverpb.CompactionRequest", {
  revision: implicit(1, "safeInt64"),
  physical: implicit(2, "bool"),
});
