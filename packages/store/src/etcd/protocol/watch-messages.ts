/** Messages of the Watch service of etcd's api/etcdserverpb/rpc.proto, and mvccpb.Event of api/mvccpb/kv.proto. */
import { implicit, type MessageType, messageType, optional, type ProtoMessage, packed, repeated } from "@modelyard/codec";
import { emptyMessage, type HeaderOnlyMessage, type KeyValueMessage, keyValueMessage, responseHeaderMessage } from "./key-messages.ts";

/** Event.EventType by name. */
export const eventTypes = { put: 0, delete: 1 } as const;
/** WatchCreateRequest.FilterType by what is left out. */
export const watchFilters = { put: 0, delete: 1 } as const;
/** Id of a response that concerns no single watch. */
export const noWatchId = -1;

export interface EventMessage extends ProtoMessage {
  readonly type: number;
  readonly kv?: KeyValueMessage;
  readonly prevKv?: KeyValueMessage;
}

const eventMessage: MessageType<EventMessage> = messageType("mvccpb.Event", {
  type: implicit(1, "enum"),
  kv: optional(2, () => keyValueMessage),
  prevKv: optional(3, () => keyValueMessage),
});

export interface WatchCreateRequestMessage extends ProtoMessage {
  readonly key: Uint8Array;
  readonly rangeEnd: Uint8Array;
  readonly startRevision: number;
  readonly progressNotify: boolean;
  readonly filters: readonly number[];
  readonly prevKv: boolean;
  readonly watchId: number;
  readonly fragment: boolean;
}

const watchCreateRequestMessage: MessageType<WatchCreateRequestMessage> = messageType("etcdserverpb.WatchCreateRequest", {
  key: implicit(1, "bytes"),
  rangeEnd: implicit(2, "bytes"),
  startRevision: implicit(3, "safeInt64"),
  progressNotify: implicit(4, "bool"),
  filters: packed(5, "enum"),
  prevKv: implicit(6, "bool"),
  watchId: implicit(7, "safeInt64"),
  fragment: implicit(8, "bool"),
});

interface WatchCancelRequestMessage extends ProtoMessage {
  readonly watchId: number;
}

const watchCancelRequestMessage: MessageType<WatchCancelRequestMessage> = messageType("etcdserverpb.WatchCancelRequest", {
  watchId: implicit(1, "safeInt64"),
});

export interface WatchRequestMessage extends ProtoMessage {
  readonly createRequest?: WatchCreateRequestMessage;
  readonly cancelRequest?: WatchCancelRequestMessage;
  readonly progressRequest?: ProtoMessage;
}

export const watchRequestMessage: MessageType<WatchRequestMessage> = messageType("etcdserverpb.WatchRequest", {
  createRequest: optional(1, () => watchCreateRequestMessage),
  cancelRequest: optional(2, () => watchCancelRequestMessage),
  progressRequest: optional(3, () => emptyMessage),
});

export interface WatchResponseMessage extends HeaderOnlyMessage {
  readonly watchId: number;
  readonly created: boolean;
  readonly canceled: boolean;
  readonly compactRevision: number;
  readonly cancelReason: string;
  readonly fragment: boolean;
  readonly events: readonly EventMessage[];
}

export const watchResponseMessage: MessageType<WatchResponseMessage> = messageType("etcdserverpb.WatchResponse", {
  header: optional(1, () => responseHeaderMessage),
  watchId: implicit(2, "safeInt64"),
  created: implicit(3, "bool"),
  canceled: implicit(4, "bool"),
  compactRevision: implicit(5, "safeInt64"),
  cancelReason: implicit(6, "string"),
  fragment: implicit(7, "bool"),
  events: repeated(11, () => eventMessage),
});
