/** Connections and models by the thousand, and a connection for every request. */
import { measureBench } from "../harness/bench-point.ts";
import type { Measurement, PointContext } from "../point.ts";

export function measure(context: PointContext): Promise<Measurement> {
  return measureBench(context, ["connect", "scale"]);
}
