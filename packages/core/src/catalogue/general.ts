/** Conditions that belong to no single area. */
export const generalErrors = {
  INTERNAL: {
    code: "INTERNAL",
    template: "The server failed while it handled the request",
    retryable: false,
    hint: "Look in the logs for the record with the same request id and report it",
  },
  INVALID_ARGUMENT: {
    code: "INVALID_ARGUMENT",
    template: "{what}",
    retryable: false,
    hint: "Correct the value that is named and send it again",
  },
  NOT_FOUND: { code: "NOT_FOUND", template: "{what} was not found", retryable: false, hint: "List what exists with `modelyard get`" },
  CANCELLED: { code: "CANCELLED", template: "{what} was cancelled", retryable: true, hint: "Send it again when it is wanted" },
  DEADLINE_EXCEEDED: {
    code: "DEADLINE_EXCEEDED",
    template: "{what} did not finish within {limitMs} ms",
    retryable: true,
    hint: "Give it more time, or look at what it waits for with `modelyard describe`",
  },
  UNAVAILABLE: { code: "UNAVAILABLE", template: "{what} is not available: {why}", retryable: true, hint: "Try again shortly" },
  LIMIT_EXCEEDED: {
    code: "RESOURCE_EXHAUSTED",
    template: "{what} exceeds its limit: {current} where at most {limit} is allowed",
    retryable: true,
    hint: "Send less at once, or raise the limit in the configuration",
  },
  UNIMPLEMENTED: {
    code: "UNIMPLEMENTED",
    template: "{what} is not supported",
    retryable: false,
    hint: "See docs/coverage.md for what is supported",
  },
} as const;
