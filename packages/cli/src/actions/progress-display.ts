/** Shows how far a deployment is. A status lags and is written by several processes; what is shown goes forward only, until it is tried again. */
import type { Output } from "../output/output.ts";

/** What the steps of a deployment are called, in their order. `scheduled` is the wait between two of them. */
const steps = ["accepted", "scheduled", "fetch", "verify", "prepare", "load"];

/** Where a deployment is shown. */
export interface ProgressDisplay {
  /** Takes a step, with its figures if it has any, or a sentence on why it is tried again. */
  show(stage: string): void;
  /** What was shown last, as the end of a sentence. */
  last(): string;
}

/** A live line on a terminal; elsewhere a line for each new step. */
export function progressDisplay(output: Output, name: string): ProgressDisplay {
  let last = "accepted";
  return {
    last: () => (rankOf(last) < 0 ? last : `it is at the step "${last}"`),
    show(stage) {
      const [rank, lastRank] = [rankOf(stage), rankOf(last)];
      if (rank >= 0 && rank < lastRank) return;
      const isNew = rank < 0 ? stage !== last : rank !== lastRank;
      last = stage;
      output.live(`${name}: ${stage}`);
      if (isNew && !output.isLive) output.note(`${name}: ${stage}`);
    },
  };
}

/** Place of a step in the order; -1 for a sentence, after which the steps begin anew. */
function rankOf(stage: string): number {
  return steps.indexOf(stage.split(" ", 1)[0] ?? "");
}
