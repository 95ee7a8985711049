/**
 * Errors as etcd's clients know them: they compare the text of the status word for word (etcd api/v3rpc/rpctypes/error.go), so the server face says
 * exactly that, and the client recognises it.
 */
import { type Code, failure, PlatformError, type Reason } from "@modelyard/core";

/** A gRPC status. */
export interface EtcdStatus {
  readonly code: Code;
  readonly message: string;
}

/** Why a watch of etcd was cancelled, or a read refused: the history it needs is gone. */
const compactedMessage = "etcdserver: mvcc: required revision has been compacted";

const statuses: Partial<Readonly<Record<Reason, EtcdStatus>>> = {
  STORE_COMPACTED: { code: "OUT_OF_RANGE", message: compactedMessage },
  STORE_FUTURE_REVISION: { code: "OUT_OF_RANGE", message: "etcdserver: mvcc: required revision is a future revision" },
  STORE_DUPLICATE_KEY: { code: "INVALID_ARGUMENT", message: "etcdserver: duplicate key given in txn request" },
  STORE_LEASE_EXISTS: { code: "FAILED_PRECONDITION", message: "etcdserver: lease already exists" },
  STORE_LEASE_NOT_FOUND: { code: "NOT_FOUND", message: "etcdserver: requested lease not found" },
};

/** What a request was about, for the details that etcd's status leaves out. */
export interface RequestFacts {
  readonly revision?: number;
  readonly leaseId?: number;
}

/** The status that tells an etcd client of an error. */
export function statusOf(error: PlatformError): EtcdStatus {
  return statuses[error.reason] ?? { code: error.code, message: error.message };
}

/** The store's error behind what a call to a server failed with. Without an answer nobody knows whether a write had its effect. */
export function readError(error: unknown, facts: RequestFacts = {}): unknown {
  if (!PlatformError.is(error)) return error;
  const message = String(error.details["message"] ?? "");
  switch (message) {
    case statuses.STORE_COMPACTED?.message:
      return failure("STORE_COMPACTED", { revision: facts.revision ?? 0, compactedRevision: "a later revision" }, { cause: error });
    case statuses.STORE_FUTURE_REVISION?.message:
      return failure("STORE_FUTURE_REVISION", { revision: facts.revision ?? 0, currentRevision: "an earlier revision" }, { cause: error });
    case statuses.STORE_LEASE_EXISTS?.message:
      return failure("STORE_LEASE_EXISTS", { leaseId: facts.leaseId ?? 0 }, { cause: error });
    case statuses.STORE_LEASE_NOT_FOUND?.message:
      return failure("STORE_LEASE_NOT_FOUND", { leaseId: facts.leaseId ?? 0 }, { cause: error });
    default:
      return readOtherError(error, message);
  }
}

function readOtherError(error: PlatformError, message: string): PlatformError {
  const cause = { cause: error };
  if (error.code === "INVALID_ARGUMENT") return failure("STORE_INVALID_REQUEST", { problem: message || error.message }, cause);
  if (error.code === "UNIMPLEMENTED") return failure("UNIMPLEMENTED", { what: message || "The request" }, cause);
  if (isPassing(error)) return failure("STORE_UNAVAILABLE", { why: message || error.message }, cause);
  return error;
}

/** Failures of the way to the server, of its load, or of its cluster: another attempt may pass. */
function isPassing({ code, reason }: PlatformError): boolean {
  if (reason === "CANCELLED") return false;
  return (
    code === "UNAVAILABLE" || code === "DEADLINE_EXCEEDED" || code === "RESOURCE_EXHAUSTED" || code === "CANCELLED" || code === "ABORTED"
  );
}
