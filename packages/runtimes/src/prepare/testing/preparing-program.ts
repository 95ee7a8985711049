/** A process that has a model prepared which never ends; prints the prepare child's id once it is in the run: `preparing-program.ts FOLDER`. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { silentLog, sleep, systemClock } from "@modelyard/core";
import { writeModel } from "@modelyard/onnx";
import { endlessModel } from "../../testing/sample-models.ts";
import { PreparePool } from "../prepare-pool.ts";

const [, , dir = ""] = process.argv;
const clock = systemClock();
const source = join(dir, "model.onnx");
const outputDir = join(dir, "out");
await mkdir(outputDir);
await writeFile(source, writeModel(endlessModel()));
const limits = { memoryBytes: 3 * 2 ** 30, loadLimitMs: 60_000, runLimitMs: 60_000, idleMs: 60_000 };
const pool = new PreparePool({ clock, log: silentLog(), limits, maxProcesses: 1, maxWaiting: 1 });
const job = { model: { path: "model.onnx", source }, others: [], outputDir, maxThreads: 1 };
void pool.run(job, { signal: new AbortController().signal });
while (pool.pids.length === 0) await sleep(clock, 10);
// The optimised copy is written right before the run that never ends.
await sleep(clock, 1500);
console.log(pool.pids[0]);
