/** Conditions of `runtimes`. */
export const runtimesErrors = {} as const;
