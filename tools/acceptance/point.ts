/** What a proof point is: data about it, and a script that measures. */

/** What a script found. */
export interface Measurement {
  /** Figures, in one line. */
  readonly measured: string;
  readonly holds: boolean;
  /** More lines for the report: lists of calls, counts. Default none. */
  readonly details?: readonly string[];
}

/** What a script is given. */
export interface PointContext {
  /** Scratch folder of this point, removed afterwards. */
  readonly folder: string;
  /** Prints progress while it runs. */
  readonly say: (line: string) => void;
  /** Whether it is measured as a part of every CI run, where a point may do less of the same. */
  readonly isCi: boolean;
}

/** One proof point. */
export interface Point {
  /** `issue/number`, for example `first-answer/1`. */
  readonly name: string;
  readonly wanted: string;
  /** Under a minute and judging no time: part of every CI run. */
  readonly inCi: boolean;
  /** Module beside this file that exports `measure`. */
  readonly script: string;
}

/** What each script module exports. */
export interface PointScript {
  readonly measure: (context: PointContext) => Promise<Measurement>;
}
