/** Density, loads and memory. */
import { measureBench } from "../harness/bench-point.ts";
import type { Measurement, PointContext } from "../point.ts";

export function measure(context: PointContext): Promise<Measurement> {
  return measureBench(context, ["density", "cold"]);
}
