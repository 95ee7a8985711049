/** Conditions of `onnx`. */
export const onnxErrors = {
  ONNX_INVALID: {
    code: "INVALID_ARGUMENT",
    template: "The file is not a valid ONNX model: {problem} at {where}",
    retryable: false,
    hint: "Check that the file arrived whole, or export the model again",
  },
} as const;
