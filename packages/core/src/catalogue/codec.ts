/** Conditions of `codec`. */
export const codecErrors = {} as const;
