/**
 * Wants its core once a millisecond until its input ends, and then prints when it did not get it, as {@link Absence}s in JSON. Run at the highest
 * priority and bound to a core, it is late for nobody on this machine: then the machine's host had the core.
 */
import { performance } from "node:perf_hooks";
import type { Absence } from "../core-witness.ts";

const tickMs = 1;
const leastMs = 0.5;

const absences: Absence[] = [];
// The clock that all processes of the machine share.
const offsetMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();
let last = performance.now();
setInterval(() => {
  const now = performance.now();
  const lengthMs = now - last - tickMs;
  if (lengthMs > leastMs) absences.push({ fromMs: last + offsetMs, untilMs: now + offsetMs, lengthMs });
  last = now;
}, tickMs);
process.stdin.resume().on("end", () => {
  process.stdout.write(JSON.stringify(absences), () => process.exit());
});
