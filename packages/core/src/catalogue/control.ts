/** Conditions of the resource API: `api`, `resources` and `control`. */
export const controlErrors = {
  RESOURCE_NOT_FOUND: {
    code: "NOT_FOUND",
    template: '{resource} "{name}" was not found',
    retryable: false,
    hint: "List what exists with `modelyard get {resource}`",
  },
  RESOURCE_EXISTS: {
    code: "ALREADY_EXISTS",
    template: '{resource} "{name}" already exists',
    retryable: false,
    hint: "Update the existing object, delete it first, or choose another name",
  },
  RESOURCE_CONFLICT: {
    code: "ABORTED",
    template: 'The change of {resource} "{name}" was refused: {why}',
    retryable: false,
    hint: "Read the object again, apply the change to what was read, and send that",
  },
  RESOURCE_INVALID: {
    code: "INVALID_ARGUMENT",
    template: '{kind} "{name}" is invalid: {problems}',
    retryable: false,
    hint: "Correct each field that is named and send the object again",
  },
  RESOURCE_FORBIDDEN: {
    code: "PERMISSION_DENIED",
    template: 'The change of {resource} "{name}" is forbidden: {why}',
    retryable: false,
    hint: "Leave this object as it is",
  },
  RESOURCE_EXPIRED: {
    code: "OUT_OF_RANGE",
    template: 'The resource version "{resourceVersion}" is too old: its history is no longer kept',
    retryable: false,
    hint: "List the objects again and watch from the resource version of that answer",
  },
  RESOURCE_METHOD_UNSUPPORTED: {
    code: "UNIMPLEMENTED",
    template: "The method {method} is not supported at {path}",
    retryable: false,
    hint: "Look up the resources and their verbs at /api/v1 and /apis",
  },
  API_UNREACHABLE: {
    code: "UNAVAILABLE",
    template: "The API server at {url} was not reached: {why}",
    retryable: true,
    hint: "Start it with `modelyard up`, or name its address with --server",
  },
  API_REFUSED: {
    code: "UNKNOWN",
    template: "The API server at {url} answered {status}: {why}",
    retryable: false,
    hint: "Check that the address is that of a Modelyard or Kubernetes API server",
  },
  API_PATH_NOT_FOUND: {
    code: "NOT_FOUND",
    template: "The server serves nothing at {path}",
    retryable: false,
    hint: "Look up the resources at /api/v1 and /apis",
  },
  API_ORIGIN_REFUSED: {
    code: "PERMISSION_DENIED",
    template: 'The request was refused: its {header} header is "{value}" where one of this server\'s own addresses is required',
    retryable: false,
    hint: "Call the server by its loopback address, and not from a web page of another site",
  },
  API_BODY_TOO_LARGE: {
    code: "RESOURCE_EXHAUSTED",
    template: "The request was refused: its body is over the limit of {limitBytes} bytes",
    retryable: false,
    hint: "Send a smaller object; large files belong into the artifact store",
  },
  API_MEDIA_TYPE_UNSUPPORTED: {
    code: "INVALID_ARGUMENT",
    template: 'The request was refused: its media type is "{mediaType}" where one of {supported} is required',
    retryable: false,
    hint: "Set the Content-Type header",
  },
  NO_SUPPORTING_RUNTIME: {
    code: "FAILED_PRECONDITION",
    template: "No ServingRuntime supports specified model type and/or protocol",
    retryable: true,
    hint: "List runtimes and their formats with `modelyard get servingruntimes` and `modelyard get clusterservingruntimes`",
  },
  RUNTIME_NOT_RECOGNIZED: {
    code: "FAILED_PRECONDITION",
    template: "Specified runtime name not recognized",
    retryable: true,
    hint: "List runtimes with `modelyard get servingruntimes` and `modelyard get clusterservingruntimes`",
  },
  STORAGE_MISSING: {
    code: "INVALID_ARGUMENT",
    template: "Predictor Storage field missing",
    retryable: false,
    hint: "Set spec.predictor.model.storageUri to an address, or spec.predictor.model.storage to a path and a key of the secret storage-config",
  },
} as const;
