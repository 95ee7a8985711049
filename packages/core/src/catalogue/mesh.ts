/** Conditions of `mesh`. */
export const meshErrors = {} as const;
