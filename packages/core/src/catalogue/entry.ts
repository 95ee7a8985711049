/** Shape of one row of the error catalogue; each area of the product lists its rows in a file of this folder. */
import type { Code } from "../code.ts";

/** One condition the product can report. */
export interface CatalogueEntry {
  readonly code: Code;
  /** Public text with `{placeholders}`; each is filled from the error's details. The action that failed, then current and wanted state. */
  readonly template: string;
  /** Whether sending the same request again, unchanged, may succeed. */
  readonly retryable: boolean;
  /** What the reader can do next, in one sentence. */
  readonly hint: string;
}
