/** Start, memory, tail and cores. */
import { measureBench } from "../harness/bench-point.ts";
import type { Measurement, PointContext } from "../point.ts";

export function measure(context: PointContext): Promise<Measurement> {
  return measureBench(context, ["start-to-ready", "memory-serving", "scaling", "tail-half-load", "tail-pauses"]);
}
