/** Conditions of `gateway`. */
export const gatewayErrors = {
  ROUTE_NOT_FOUND: {
    code: "NOT_FOUND",
    template: 'The address "{path}" was not found',
    retryable: false,
    hint: "Models answer under /v2/models/NAME; GET /v2/models lists their names",
  },
  METHOD_NOT_ALLOWED: {
    code: "INVALID_ARGUMENT",
    template: 'The method {method} is not allowed for "{path}": expected {allow}',
    retryable: false,
    hint: "Send the request with a method that is allowed",
  },
  MEDIA_TYPE_NOT_SUPPORTED: {
    code: "INVALID_ARGUMENT",
    template: "The body could not be read: its {header} is {actual} where {expected} is expected",
    retryable: false,
    hint: "Send JSON as application/json, or JSON and binary data as application/octet-stream with Inference-Header-Content-Length",
  },
  NOT_ACCEPTABLE: {
    code: "INVALID_ARGUMENT",
    template: "The answer could not be written: the client accepts {actual}, the server sends {expected}",
    retryable: false,
    hint: "Leave the accept header out, or accept application/json",
  },
  BODY_TOO_LARGE: {
    code: "RESOURCE_EXHAUSTED",
    template: "The request body is too large: it is {current} where at most {limit} is allowed",
    retryable: false,
    hint: "Send a smaller batch, or raise the limit in the configuration",
  },
  HOST_NOT_ALLOWED: {
    code: "PERMISSION_DENIED",
    template: 'The request was refused: its {header} "{actual}" is not an address of this machine',
    retryable: false,
    hint: "Call the server as localhost or 127.0.0.1; web pages of other origins may not call it",
  },
  NAMESPACE_CONTRADICTED: {
    code: "INVALID_ARGUMENT",
    template: 'The request names two namespaces: "{path}" in its address and "{header}" in the header modelyard-namespace',
    retryable: false,
    hint: "Name the namespace once",
  },
  MODEL_NOT_FOUND: {
    code: "NOT_FOUND",
    template: 'The model "{model}" was not found in the namespace "{namespace}"',
    retryable: false,
    hint: "List what is served with `modelyard get inferenceservices`, or GET /v2/models",
  },
  MODEL_VERSION_NOT_FOUND: {
    code: "NOT_FOUND",
    template: 'The version "{version}" of the model "{model}" is not served: served are {served}',
    retryable: false,
    hint: "Ask for a version that is served, or for none to get the active one",
  },
  INPUT_UNKNOWN: {
    code: "INVALID_ARGUMENT",
    template: 'The model "{model}" has no input "{input}": its inputs are {expected}',
    retryable: false,
    hint: "Name the inputs as the model's metadata does",
  },
  INPUT_MISSING: {
    code: "INVALID_ARGUMENT",
    template: 'The input "{input}" of the model "{model}" is missing: expected {expected}, got {actual}',
    retryable: false,
    hint: "Send every input that the model's metadata names",
  },
  INPUT_DATATYPE_MISMATCH: {
    code: "INVALID_ARGUMENT",
    template: "The input \"{input}\" has the datatype '{actual}', but the model expects '{expected}'",
    retryable: false,
    hint: "Send the datatype that the model's metadata names",
  },
  INPUT_SHAPE_MISMATCH: {
    code: "INVALID_ARGUMENT",
    template: 'The request has an unexpected shape for input "{input}" of the model "{model}": expected {expected}, got {actual}',
    retryable: false,
    hint: "Send the shape that the model's metadata names; -1 stands for any size",
  },
  OUTPUT_UNKNOWN: {
    code: "INVALID_ARGUMENT",
    template: 'The model "{model}" has no output "{output}": its outputs are {expected}',
    retryable: false,
    hint: "Ask for outputs that the model's metadata names, or for none to get all",
  },
} as const;
