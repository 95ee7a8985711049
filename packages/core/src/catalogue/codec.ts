/** Conditions of `codec`. */
export const codecErrors = {
  PROTOBUF_INVALID: {
    code: "INVALID_ARGUMENT",
    template: "The protobuf message could not be read at byte {offset}: {why}",
    retryable: false,
    hint: "Send the bytes exactly as a protobuf library wrote them",
  },
} as const;
