/** What each check reports: how much it looked at, and what is wrong. A check that saw less than its floor has failed, whatever it found. */

/** Result of one check. */
export interface CheckResult {
  readonly name: string;
  /** How much was examined, and of what: "412 modules". */
  readonly examined: number;
  readonly unit: string;
  /** Fewer than this means that the check did not see the repository. */
  readonly floor: number;
  readonly findings: readonly string[];
}
