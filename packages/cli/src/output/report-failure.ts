/** How a failed command says what failed, why, and what to do next. */
import { describeError, type PlatformError } from "@modelyard/core";

/** Where and how. */
export interface ReportOptions {
  readonly stderr: { write(text: string): unknown };
  readonly asJson: boolean;
}

/** Prints a failure: two lines for people, one object for programs. */
export function reportFailure(error: PlatformError, { stderr, asJson }: ReportOptions): void {
  if (asJson) {
    stderr.write(`${JSON.stringify({ error: error.toPublic() })}\n`);
    return;
  }
  stderr.write(`modelyard: ${error.message} (${error.reason})\n`);
  if (error.hint !== "") stderr.write(`  Next: ${error.hint}\n`);
  // A defect of this command: its cause is all there is to go by.
  if (error.reason === "INTERNAL" && error.cause !== undefined) stderr.write(`${JSON.stringify(describeError(error.cause))}\n`);
}
