/** What the steps of the preparation hand on. */
import type { OnnxModel } from "../model.ts";

/** A model on its way through the steps, and what they changed so far. */
export interface Preparation {
  readonly model: OnnxModel;
  readonly edits: readonly string[];
}
