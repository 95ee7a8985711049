/**
 * Errors on the wire of the resource API: the Kubernetes `Status` object (meta/v1), both ways.
 *
 * The one mapping of codes in `core` decides status and reason word. Four conditions have a status of their own in Kubernetes, on which its
 * clients depend (a 410 makes them list again, a 422 carries field paths); those are the table below.
 */
import { type FieldProblem, fieldProblemsOf, invalidObject } from "@modelyard/api";
import { failure, httpStatusOf, kubernetesReasonOf, PlatformError, type Reason } from "@modelyard/core";

/** A problem at one field, or another cause. */
export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

/** A Kubernetes `Status` object. */
export interface KubernetesStatus {
  readonly kind: "Status";
  readonly apiVersion: "v1";
  readonly metadata: Readonly<Record<string, never>>;
  readonly status: "Success" | "Failure";
  readonly message?: string;
  readonly reason?: string;
  readonly code: number;
  readonly details?: {
    readonly name?: string;
    readonly group?: string;
    readonly kind?: string;
    readonly uid?: string;
    readonly causes?: readonly StatusCause[];
    readonly retryAfterSeconds?: number;
  };
}

const ownStatus: Partial<Record<Reason, { readonly code: number; readonly reason: string }>> = {
  RESOURCE_INVALID: { code: 422, reason: "Invalid" },
  RESOURCE_EXPIRED: { code: 410, reason: "Expired" },
  RESOURCE_METHOD_UNSUPPORTED: { code: 405, reason: "MethodNotAllowed" },
  API_MEDIA_TYPE_UNSUPPORTED: { code: 415, reason: "UnsupportedMediaType" },
  API_BODY_TOO_LARGE: { code: 413, reason: "RequestEntityTooLarge" },
  UPLOAD_TOO_LARGE: { code: 413, reason: "RequestEntityTooLarge" },
  UPLOAD_VERSION_UNSUPPORTED: { code: 412, reason: "PreconditionFailed" },
};

/** What the refused request was about. */
export interface StatusSubject {
  readonly group?: string;
  readonly plural?: string;
  readonly name?: string;
}

/** The `Status` for a failure. Only public facts of the error are in it. */
export function statusOfError(error: PlatformError, subject: StatusSubject = {}): KubernetesStatus {
  const own = ownStatus[error.reason];
  const causes: readonly StatusCause[] = fieldProblemsOf(error).map(({ field, reason, message }) => ({ reason, message, field }));
  const name = subject.name ?? (typeof error.details["name"] === "string" ? error.details["name"] : undefined);
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: error.message,
    reason: own?.reason ?? kubernetesReasonOf(error.code),
    code: own?.code ?? httpStatusOf(error.code),
    details: {
      ...(name === undefined ? {} : { name }),
      ...(subject.group === undefined || subject.group === "" ? {} : { group: subject.group }),
      ...(subject.plural === undefined ? {} : { kind: subject.plural }),
      ...(causes.length === 0 ? {} : { causes }),
      ...(error.retryAfterMs === undefined ? {} : { retryAfterSeconds: Math.ceil(error.retryAfterMs / 1000) }),
    },
  };
}

/** What was asked when a `Status` came back. */
export interface RequestFacts {
  readonly url: string;
  /** As messages name the kind: `inferenceservices.serving.kserve.io`. */
  readonly resource: string;
  readonly kind: string;
  readonly name: string;
  readonly resourceVersion: string;
}

/** The failure behind an answer that is not a success. `body` is whatever came: a `Status`, or anything else. */
export function errorOfAnswer(httpStatus: number, body: unknown, facts: RequestFacts): PlatformError {
  const status = isRecord(body) && body["kind"] === "Status" ? body : {};
  const details = isRecord(status["details"]) ? status["details"] : {};
  const name = typeof details["name"] === "string" && details["name"] !== "" ? details["name"] : facts.name;
  const why = typeof status["message"] === "string" ? status["message"] : `no explanation (HTTP status ${httpStatus})`;
  const { resource, url } = facts;
  switch (status["reason"] ?? httpStatus) {
    case "NotFound":
      return failure("RESOURCE_NOT_FOUND", { resource, name });
    case "AlreadyExists":
      return failure("RESOURCE_EXISTS", { resource, name });
    case "Conflict":
      return failure("RESOURCE_CONFLICT", { resource, name, why });
    case "Invalid":
      return invalidObject({ kind: facts.kind, name }, problemsOf(details["causes"], why));
    case "Expired":
    case "Gone":
    case 410:
      return failure("RESOURCE_EXPIRED", { resourceVersion: facts.resourceVersion });
    case "Forbidden":
      // An object that may not be changed is named; who may not ask at all is told nothing of objects.
      return details["name"] === undefined
        ? failure("API_FORBIDDEN", { url, why })
        : failure("RESOURCE_FORBIDDEN", { resource, name, why });
    case "Unauthorized":
    case 401:
      return failure("API_UNAUTHENTICATED", { url, why });
    case "ServiceUnavailable":
    case "TooManyRequests":
    case "Timeout":
    case "ServerTimeout":
    case 429:
    case 502:
    case 503:
    case 504:
      return failure("API_UNREACHABLE", { url, why });
    default:
      return failure("API_REFUSED", { url, status: httpStatus, why });
  }
}

function problemsOf(causes: unknown, message: string): readonly FieldProblem[] {
  const list: readonly unknown[] = Array.isArray(causes) ? causes : [];
  const problems = list.filter(isRecord).map((cause) => ({
    field: textOf(cause["field"], ""),
    // Reason words of other servers are passed on as they are.
    reason: textOf(cause["reason"], "FieldValueInvalid") as FieldProblem["reason"],
    message: textOf(cause["message"], ""),
  }));
  return problems.length > 0 ? problems : [{ field: "", reason: "FieldValueInvalid", message }];
}

function textOf(value: unknown, otherwise: string): string {
  return typeof value === "string" ? value : otherwise;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
