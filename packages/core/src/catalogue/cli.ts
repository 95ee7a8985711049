/** Conditions of `cli`. */
export const cliErrors = {} as const;
