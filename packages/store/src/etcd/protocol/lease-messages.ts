/** Messages of the Lease service, and of Maintenance.Status, of etcd's api/etcdserverpb/rpc.proto. */
import { implicit, type MessageType, messageType, optional, type ProtoMessage, repeated } from "@modelyard/codec";
import { type HeaderOnlyMessage, responseHeaderMessage } from "./key-messages.ts";

/** A lease and its time, as requests and answers of granting and keeping alive carry it. */
export interface LeaseGrantRequestMessage extends ProtoMessage {
  readonly ttl: number;
  readonly id: number;
}

export const leaseGrantRequestMessage: MessageType<LeaseGrantRequestMessage> = messageType("etcdserverpb.LeaseGrantRequest", {
  ttl: implicit(1, "safeInt64"),
  id: implicit(2, "safeInt64"),
});

/** Answer of granting and of keeping alive. */
export interface LeaseResponseMessage extends HeaderOnlyMessage {
  readonly id: number;
  /** Seconds; 0 or less when the lease is gone. */
  readonly ttl: number;
}

export const leaseResponseMessage: MessageType<LeaseResponseMessage> = messageType("etcdserverpb.LeaseGrantResponse", {
  header: optional(1, () => responseHeaderMessage),
  id: implicit(2, "safeInt64"),
  ttl: implicit(3, "safeInt64"),
});

/** Request of revoking and of keeping alive; an entry of the list of leases. */
export interface LeaseIdMessage extends ProtoMessage {
  readonly id: number;
}

export const leaseIdMessage: MessageType<LeaseIdMessage> = messageType("etcdserverpb.LeaseRevokeRequest", {
  id: implicit(1, "safeInt64"),
});

export interface LeaseTimeToLiveRequestMessage extends ProtoMessage {
  readonly id: number;
  readonly keys: boolean;
}

export const leaseTimeToLiveRequestMessage: MessageType<LeaseTimeToLiveRequestMessage> = messageType(
  "etcdserverpb.LeaseTimeToLiveRequest",
  { id: implicit(1, "safeInt64"), keys: implicit(2, "bool") },
);

export interface LeaseTimeToLiveResponseMessage extends LeaseResponseMessage {
  readonly grantedTtl: number;
  readonly keys: readonly Uint8Array[];
}

export const leaseTimeToLiveResponseMessage: MessageType<LeaseTimeToLiveResponseMessage> = messageType(
  "etcdserverpb.LeaseTimeToLiveResponse",
  {
    header: optional(1, () => responseHeaderMessage),
    id: implicit(2, "safeInt64"),
    ttl: implicit(3, "safeInt64"),
    grantedTtl: implicit(4, "safeInt64"),
    keys: repeated(5, "bytes"),
  },
);

/** Answer of Maintenance.Status, as far as it means something here. */
export interface StatusResponseMessage extends HeaderOnlyMessage {
  readonly version: string;
  readonly leader: bigint;
  readonly raftTerm: bigint;
}

export const statusResponseMessage: MessageType<StatusResponseMessage> = messageType("etcdserverpb.StatusResponse", {
  header: optional(1, () => responseHeaderMessage),
  version: implicit(2, "string"),
  leader: implicit(4, "uint64"),
  raftTerm: implicit(6, "uint64"),
});
