/** Conditions of `mesh`. */
export const meshErrors = {
  MODEL_NOT_REGISTERED: {
    code: "NOT_FOUND",
    template: 'The revision of "{service}" that was asked for is not registered',
    retryable: false,
    hint: "List the revisions that are served with `modelyard describe inferenceservice`",
  },
  MODEL_TOO_LARGE: {
    code: "FAILED_PRECONDITION",
    template: "The model could not be loaded: it needs {sizeBytes} bytes and this server holds at most {capacityBytes} bytes of models",
    retryable: false,
    hint: "Start the server with more --memory, or deploy a smaller model",
  },
  MODEL_LOAD_TIMED_OUT: {
    code: "DEADLINE_EXCEEDED",
    template: "The model could not be loaded: the load did not finish within {limitMs} ms",
    retryable: false,
    hint: "Look at the steps of the load with `modelyard describe`; it is tried again by itself",
  },
  MEMORY_EXHAUSTED: {
    code: "RESOURCE_EXHAUSTED",
    template:
      "The model could not be loaded yet: {neededBytes} bytes did not come free within {waitedMs} ms because the models in memory are in use",
    retryable: true,
    hint: "Try again shortly, or start the server with more --memory",
  },
  LOAD_QUEUE_FULL: {
    code: "RESOURCE_EXHAUSTED",
    template: "The model could not be loaded yet: {waiting} {what} are waiting where at most {limit} may",
    retryable: true,
    hint: "Try again shortly, or start the server with more --memory",
  },
  MODEL_RUNTIME_MISSING: {
    code: "FAILED_PRECONDITION",
    template: 'The model could not be loaded: no runtime "{runtime}" runs in this server, which has {available}',
    retryable: false,
    hint: "Name another runtime in the InferenceService, or leave it out",
  },
  MODEL_UNLOADED: {
    code: "UNAVAILABLE",
    template: 'The model "{model}" is unloaded: the repository API unloaded it and nobody has loaded it again',
    retryable: false,
    hint: "Load it with POST /v2/repository/models/NAME/load, or deploy another revision",
  },
  MESH_NOT_READY: {
    code: "UNAVAILABLE",
    template: "The model could not be looked up: the registry was not read yet",
    retryable: true,
    hint: "Try again shortly; see `modelyard doctor` when it lasts",
  },
  MESH_CLOSING: {
    code: "UNAVAILABLE",
    template: "The model could not be loaded: this server is shutting down",
    retryable: true,
    hint: "Try again; another server, or the next start of this one, answers",
  },
  VMODEL_NOT_FOUND: {
    code: "NOT_FOUND",
    template: 'The vmodel "{vmodelId}" was not found',
    retryable: false,
    hint: "Create it by setting it without updateOnly",
  },
  VMODEL_OWNED: {
    code: "ALREADY_EXISTS",
    template: 'The vmodel "{vmodelId}" could not be set: it belongs to the owner "{owner}", not "{wanted}"',
    retryable: false,
    hint: "Choose another name, or delete the resource that owns it",
  },
  VMODEL_TARGET_MISMATCH: {
    code: "FAILED_PRECONDITION",
    template: 'The vmodel "{vmodelId}" could not be set: its target is "{current}" where "{expected}" was expected',
    retryable: false,
    hint: "Read the vmodel again and decide anew",
  },
  VMODEL_TARGET_MISSING: {
    code: "NOT_FOUND",
    template: 'The vmodel "{vmodelId}" could not be set: its target "{modelId}" is not registered and was not described',
    retryable: false,
    hint: "Register the model first, or describe it in the same request",
  },
  VMODEL_CONTENDED: {
    code: "ABORTED",
    template: 'The vmodel "{vmodelId}" could not be changed: its records changed {attempts} times in between',
    retryable: true,
    hint: "Try again",
  },
  MODEL_DIFFERS: {
    code: "ALREADY_EXISTS",
    template: 'The model "{modelId}" could not be registered: it exists with another {field}',
    retryable: false,
    hint: "Models are immutable: register the change under another id",
  },
} as const;
