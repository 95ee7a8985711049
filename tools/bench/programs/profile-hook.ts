/** Loaded into a serving process by `--import`: SIGUSR2 begins a CPU profile, and the next one writes it to the file that `MODELYARD_BENCH_PROFILE` names. */
import { writeFileSync } from "node:fs";
import { Session } from "node:inspector/promises";

const session = new Session();
session.connect();
let isRunning = false;
process.on("SIGUSR2", () => void toggle());

async function toggle(): Promise<void> {
  if (!isRunning) {
    isRunning = true;
    await session.post("Profiler.enable");
    await session.post("Profiler.setSamplingInterval", { interval: 200 });
    await session.post("Profiler.start");
    return;
  }
  isRunning = false;
  const { profile } = await session.post("Profiler.stop");
  writeFileSync(process.env["MODELYARD_BENCH_PROFILE"] ?? "", JSON.stringify(profile));
}
