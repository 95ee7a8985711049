/** Conditions of `objects`. */
export const objectsErrors = {} as const;
