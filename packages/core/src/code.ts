/**
 * The 16 canonical RPC codes every failure carries, and the one mapping of each to HTTP, gRPC, an exit status and a Kubernetes `Status`.
 *
 * A mapping is applied only at the edge (gateway, API server, command line); inside the product an error keeps its code.
 * Numbers: google.rpc.Code, as gRPC puts them into the `grpc-status` trailer.
 */

/** Name of a canonical RPC code. */
export type Code =
  | "CANCELLED"
  | "UNKNOWN"
  | "INVALID_ARGUMENT"
  | "DEADLINE_EXCEEDED"
  | "NOT_FOUND"
  | "ALREADY_EXISTS"
  | "PERMISSION_DENIED"
  | "RESOURCE_EXHAUSTED"
  | "FAILED_PRECONDITION"
  | "ABORTED"
  | "OUT_OF_RANGE"
  | "UNIMPLEMENTED"
  | "INTERNAL"
  | "UNAVAILABLE"
  | "DATA_LOSS"
  | "UNAUTHENTICATED";

/** Process exit status of the command line: 0 ok, 1 failed, 2 usage, 3 not found, 4 unreachable or port busy, 5 timed out, 130 interrupted. */
export type ExitStatus = 0 | 1 | 2 | 3 | 4 | 5 | 130;

interface CodeRow {
  readonly grpc: number;
  readonly http: number;
  readonly exit: ExitStatus;
  /** `reason` of a Kubernetes `Status` object (apimachinery StatusReason). */
  readonly kubernetes: string;
}

const rows: Readonly<Record<Code, CodeRow>> = {
  CANCELLED: { grpc: 1, http: 499, exit: 130, kubernetes: "Unknown" },
  UNKNOWN: { grpc: 2, http: 500, exit: 1, kubernetes: "InternalError" },
  INVALID_ARGUMENT: { grpc: 3, http: 400, exit: 2, kubernetes: "BadRequest" },
  DEADLINE_EXCEEDED: { grpc: 4, http: 504, exit: 5, kubernetes: "Timeout" },
  NOT_FOUND: { grpc: 5, http: 404, exit: 3, kubernetes: "NotFound" },
  ALREADY_EXISTS: { grpc: 6, http: 409, exit: 1, kubernetes: "AlreadyExists" },
  PERMISSION_DENIED: { grpc: 7, http: 403, exit: 1, kubernetes: "Forbidden" },
  RESOURCE_EXHAUSTED: { grpc: 8, http: 429, exit: 1, kubernetes: "TooManyRequests" },
  FAILED_PRECONDITION: { grpc: 9, http: 400, exit: 1, kubernetes: "BadRequest" },
  ABORTED: { grpc: 10, http: 409, exit: 1, kubernetes: "Conflict" },
  OUT_OF_RANGE: { grpc: 11, http: 400, exit: 1, kubernetes: "BadRequest" },
  UNIMPLEMENTED: { grpc: 12, http: 501, exit: 1, kubernetes: "MethodNotAllowed" },
  INTERNAL: { grpc: 13, http: 500, exit: 1, kubernetes: "InternalError" },
  UNAVAILABLE: { grpc: 14, http: 503, exit: 4, kubernetes: "ServiceUnavailable" },
  DATA_LOSS: { grpc: 15, http: 500, exit: 1, kubernetes: "InternalError" },
  UNAUTHENTICATED: { grpc: 16, http: 401, exit: 1, kubernetes: "Unauthorized" },
};

const byGrpcNumber: ReadonlyMap<number, Code> = new Map(Object.entries(rows).map(([code, row]) => [row.grpc, code as Code]));

/** HTTP status of a code. */
export function httpStatusOf(code: Code): number {
  return rows[code].http;
}

/** `grpc-status` number of a code. */
export function grpcStatusOf(code: Code): number {
  return rows[code].grpc;
}

/** Exit status of a command that failed with a code. */
export function exitStatusOf(code: Code): ExitStatus {
  return rows[code].exit;
}

/** Reason word of the Kubernetes `Status` object for a code. */
export function kubernetesReasonOf(code: Code): string {
  return rows[code].kubernetes;
}

/** The code behind a `grpc-status` number; numbers the standard does not name are `UNKNOWN`. */
export function codeOfGrpcStatus(status: number): Code {
  return byGrpcNumber.get(status) ?? "UNKNOWN";
}
