/** Conditions of `runtimes`. */
export const runtimesErrors = {
  MODEL_LOAD_FAILED: {
    code: "FAILED_PRECONDITION",
    template: "The model could not be loaded: {why}",
    retryable: false,
    hint: "Check the file with the tool that wrote it, then deploy it again",
  },
  RUNTIME_CRASHED: {
    code: "FAILED_PRECONDITION",
    template: "The model is quarantined: the runtime {kind} twice while it ran, last at {at}",
    retryable: false,
    hint: "Deploy a corrected revision; the crash is in the model or in the runtime, not in the request",
  },
  RUN_FAILED: {
    code: "INVALID_ARGUMENT",
    template: "The model refused the input: {why}",
    retryable: false,
    hint: "Compare the input with the model's metadata",
  },
  RUN_OUT_OF_MEMORY: {
    code: "RESOURCE_EXHAUSTED",
    template: "The run was refused more memory: {why}",
    retryable: false,
    hint: "Send a smaller input, or give the server more memory",
  },
  RUN_TIMED_OUT: {
    code: "DEADLINE_EXCEEDED",
    template: "The run did not finish within {limitMs} ms and its process was ended",
    retryable: true,
    hint: "Raise runLimit if the model needs longer, or send a smaller input",
  },
  RUN_CRASHED: {
    code: "UNAVAILABLE",
    template: "The run did not finish: the process of the model {how}",
    retryable: true,
    hint: "Retry; a model whose process ends twice is quarantined, and its input or the model itself is to be looked at",
  },
  PROCESSES_EXHAUSTED: {
    code: "RESOURCE_EXHAUSTED",
    template: "The model needs a process of its own and was not loaded: {limit} models have one, which is the most allowed",
    retryable: true,
    hint: "Raise maxIsolatedModels, delete a model that runs in a process of its own, or let one run without: remove its parameter isolation, or correct it where it crashed",
  },
  INVALID_UTF8: {
    code: "INVALID_ARGUMENT",
    template: 'Element {index} of the input "{input}" is not UTF-8 text, which ONNX strings must be',
    retryable: false,
    hint: "Encode strings as UTF-8",
  },
} as const;
