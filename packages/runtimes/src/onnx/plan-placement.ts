/** Where a prepared model runs: by its measured time, unless it must be killable. Pure. */
import type { LoadedModel } from "../contract.ts";
import type { PreparedInfo } from "../prepare/prepared-info.ts";
import type { OnnxRuntimeLimits } from "./runtime-options.ts";

/** What is decided. */
export interface PlacementPlan {
  readonly placement: LoadedModel["placement"];
  /** Sessions it is opened in: all of the workers while it is small, so that it can use every core. */
  readonly copies: number;
  /** What the place itself takes. */
  readonly placeBytes: number;
}

/** What decides. */
export interface PlacementFacts {
  readonly info: Pick<PreparedInfo, "runMicros" | "loadMicros">;
  readonly fileBytes: number;
  /** Whether a run must not cost more than the model's own process. */
  readonly isIsolated: boolean;
  readonly limits: Pick<OnnxRuntimeLimits, "inlineBelowMicros" | "maxWorkers">;
}

// A load on the I/O thread holds up every request: "no pause > 5 ms".
const inlineLoadBelowMicros = 5000;
// Up to here the memory of a copy in each worker is little beside what a worker itself takes.
const largestCopiedBytes = 8 * 2 ** 20;

/** Private memory of a process of a model's own, the model not counted; measured as 43 MB with built files. */
export const processBytes: number = 42 * 2 ** 20;

/** The plan. */
export function planPlacement({ info, fileBytes, isIsolated, limits }: PlacementFacts): PlacementPlan {
  if (isIsolated) return { placement: "process", copies: 1, placeBytes: processBytes };
  const isShort = info.runMicros !== undefined && info.runMicros < limits.inlineBelowMicros && info.loadMicros < inlineLoadBelowMicros;
  if (isShort) return { placement: "inline", copies: 1, placeBytes: 0 };
  return { placement: "worker", copies: fileBytes > largestCopiedBytes ? 1 : limits.maxWorkers, placeBytes: 0 };
}
