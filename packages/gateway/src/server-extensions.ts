/** Extensions of the protocol that the server metadata names, on both faces. */
export const serverExtensions: readonly string[] = ["binary_tensor_data"];
