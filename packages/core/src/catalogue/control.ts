/** Conditions of `control`. */
export const controlErrors = {} as const;
