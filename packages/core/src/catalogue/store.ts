/** Conditions of `store`. */
export const storeErrors = {
  STORE_COMPACTED: {
    code: "OUT_OF_RANGE",
    template: "The revision {revision} is no longer kept: the store is compacted up to {compactedRevision}",
    retryable: false,
    hint: "List the keys again and watch from the revision of that answer",
  },
  STORE_FUTURE_REVISION: {
    code: "OUT_OF_RANGE",
    template: "The revision {revision} does not exist yet: the store is at {currentRevision}",
    retryable: false,
    hint: "Read at a revision the store has reached",
  },
  STORE_VALUE_SEALED: {
    code: "DATA_LOSS",
    template: 'The value of "{key}" could not be decrypted: {why}',
    retryable: false,
    hint: "Bring back the file secrets.key that belongs to this data folder, or delete the secret and make it anew",
  },
  STORE_DUPLICATE_KEY: {
    code: "INVALID_ARGUMENT",
    template: 'The key "{key}" is written more than once in one transaction',
    retryable: false,
    hint: "Write each key once in a transaction",
  },
  STORE_INVALID_REQUEST: {
    code: "INVALID_ARGUMENT",
    template: "The store request is not valid: {problem}",
    retryable: false,
    hint: "Correct the request",
  },
  STORE_LEASE_EXISTS: {
    code: "FAILED_PRECONDITION",
    template: "The lease {leaseId} exists",
    retryable: false,
    hint: "Ask for another lease id, or for none",
  },
  STORE_LEASE_NOT_FOUND: {
    code: "NOT_FOUND",
    template: "The lease {leaseId} does not exist",
    retryable: false,
    hint: "Grant a new lease and attach the keys again",
  },
  STORE_UNAVAILABLE: {
    code: "UNAVAILABLE",
    template: "The store is not reachable: {why}",
    retryable: true,
    hint: "It is tried again by itself; see `modelyard doctor`",
  },
  STORE_OPEN_FAILED: {
    code: "FAILED_PRECONDITION",
    template: 'The store file "{path}" cannot be opened: {why}',
    retryable: false,
    hint: "Check that the file may be written and is not damaged, or restore it from a copy",
  },
  STORE_NEWER_FORMAT: {
    code: "FAILED_PRECONDITION",
    template: 'The store file "{path}" has format version {formatVersion}, this program reads up to {supportedVersion}',
    retryable: false,
    hint: "Use the program version that wrote the file, or a later one",
  },
  STORE_CLOSED: { code: "UNAVAILABLE", template: "The store is closed", retryable: true, hint: "Open it again" },
} as const;
