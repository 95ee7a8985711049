/** Extensions of the protocol that are refused by name, in the same words on both faces: subjects of `UNIMPLEMENTED`, which adds "is not supported". */
export const unsupportedExtensions = {
  trace: "The trace extension: requests are traced by no setting of a client. It",
  logging: "The logging extension: the log is configured where the server is started. It",
  systemSharedMemory: "System shared memory",
  cudaSharedMemory: "CUDA shared memory",
} as const;
