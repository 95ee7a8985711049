/** Conditions of `store`. */
export const storeErrors = {} as const;
