/** Extensions of the protocol that the server metadata names, on both faces: Triton's names, and only what is answered. */
export const serverExtensions: readonly string[] = [
  "binary_tensor_data",
  "classification",
  "model_configuration",
  "model_repository",
  "model_repository(unload_dependents)",
  "parameters",
  "schedule_policy",
  "statistics",
];
