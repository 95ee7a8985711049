/** Messages between the I/O thread and a runner, a thread or a process of its own. Each command is answered once, under its id. */
import type { PublicError } from "@modelyard/core";
import type { SharedRun } from "../contract.ts";
import type { ThreadJournalShare } from "../journal/thread-journal.ts";
import type { SessionPlan } from "../onnx/model-session.ts";
import type { PackedTensor } from "./packed-tensor.ts";

/** What a worker is started with. */
export interface RunWorkerData {
  readonly journal: ThreadJournalShare | undefined;
}

/** To the worker. `handle` names a model of this worker. */
export type WorkerCommand =
  | { readonly kind: "start"; readonly id: number }
  | { readonly kind: "load"; readonly id: number; readonly handle: number; readonly plan: SessionPlan }
  | { readonly kind: "unload"; readonly id: number; readonly handle: number }
  | {
      readonly kind: "run";
      readonly id: number;
      readonly handle: number;
      readonly inputs: readonly PackedTensor[];
      readonly outputNames: readonly string[] | undefined;
    }
  | { readonly kind: "close"; readonly id: number };

/** A command before it has its id. */
export type CommandBody = WorkerCommand extends infer Command ? (Command extends WorkerCommand ? Omit<Command, "id"> : never) : never;

/** What a command that was done gives. */
export interface DoneWork {
  /** None but for a run. */
  readonly outputs: readonly PackedTensor[];
  readonly shared?: SharedRun | undefined;
}

/** From the worker. */
export type WorkerReply =
  | ({ readonly kind: "done"; readonly id: number } & DoneWork)
  | { readonly kind: "failed"; readonly id: number; readonly error: PublicError }
  | { readonly kind: "threw"; readonly id: number; readonly message: string };
