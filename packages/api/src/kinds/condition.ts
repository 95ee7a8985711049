/** A condition of a status (knative `apis.Condition`, as KServe uses it). */
import { z } from "zod";

/** Schema of a condition. */
export const condition = z.looseObject({
  type: z.string().min(1),
  status: z.enum(["True", "False", "Unknown"]),
  severity: z.string().exactOptional(),
  lastTransitionTime: z.string().exactOptional(),
  observedGeneration: z.int().exactOptional(),
  reason: z.string().exactOptional(),
  message: z.string().exactOptional(),
});

/** A condition. */
export type Condition = Readonly<z.infer<typeof condition>>;
