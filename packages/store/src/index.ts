/** The etcd contract: its types, the store in memory, the client of an etcd v3 server, and what users of a store need every day. */
export type {
  Compare,
  KeyRange,
  KeyValue,
  Lease,
  LeaseFacts,
  Operation,
  OperationResponse,
  RangeRequest,
  RangeResponse,
  Store,
  Transaction,
  TransactionResponse,
  WaitOptions,
  Watch,
  WatchBatch,
  WatchEvent,
  WatchRequest,
} from "./contract.ts";
export { type EtcdClientOptions, etcdClient } from "./etcd/client/etcd-client.ts";
export { type HeldLease, type KeepLeaseOptions, keepLease } from "./keep-lease.ts";
export { compareKeys, inRange } from "./key-order.ts";
export { type ListAndWatchOptions, type ListPagesAndWatchOptions, listAndWatch, listPagesAndWatch } from "./list-and-watch.ts";
export { type ListedPage, type ListedPrefix, listPrefix } from "./list-prefix.ts";
export { type MemoryStoreOptions, memoryStore } from "./memory/memory-store.ts";
export { compareModRevision, decodeJson, deleteOperation, encodeJson, getKey, putOperation } from "./operations.ts";
export { type SealedStoreOptions, sealedStore } from "./sealed/sealed-store.ts";
export { sealSecretBytes, type ValueSeal, valueSeal } from "./sealed/value-seal.ts";
