/** Conditions of `gateway`. */
export const gatewayErrors = {} as const;
