/** CPU, start and memory beside the servers that our users know. */
import { measureBench } from "../harness/bench-point.ts";
import type { Measurement, PointContext } from "../point.ts";

export function measure(context: PointContext): Promise<Measurement> {
  return measureBench(context, ["mnist", "memory", "start-to-inference"]);
}
