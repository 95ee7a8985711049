/** Conditions of `wire`. */
export const wireErrors = {} as const;
