/** Messages between the serving process and its prepare child, over Node's IPC channel. */

/** A file of the artifact. */
export interface JobFile {
  /** Relative path inside the artifact. */
  readonly path: string;
  /** Where its bytes are. */
  readonly source: string;
}

/** One model to prepare. */
export interface PrepareJob {
  readonly model: JobFile;
  /** The artifact's other files, for models that keep their weights beside the graph. */
  readonly others: readonly JobFile[];
  /** Empty folder the copy is written to. */
  readonly outputDir: string;
  /** Most threads a large model may be given. */
  readonly maxThreads: number;
}

/** What the child is doing; each has its own time limit. */
export type PrepareStage = "check" | "optimize" | "load" | "run" | "measure" | "write";

/** To the child. */
export interface PrepareCommand {
  readonly kind: "prepare";
  readonly job: PrepareJob;
}

/** From the child. `refused`: the model's own fault, with the reason for the user. */
export type PrepareReply =
  | { readonly kind: "ready" }
  | { readonly kind: "stage"; readonly stage: PrepareStage }
  | { readonly kind: "prepared" }
  | { readonly kind: "refused"; readonly why: string }
  | { readonly kind: "failed"; readonly message: string };
