/** Conditions of `onnx`. */
export const onnxErrors = {} as const;
