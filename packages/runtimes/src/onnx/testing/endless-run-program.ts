/** A serving process whose model loads well and then gets an input it never finishes: `endless-run-program.ts RUNNING_FILE inline|worker`. */
import { systemClock } from "@modelyard/core";
import { createRunJournal } from "../../journal/run-journal.ts";
import { startWatchdog } from "../../journal/watchdog.ts";
import { countTo, endless } from "../../testing/counting.ts";
import { onnxWorkbench } from "../../testing/onnx-workbench.ts";
import { countingModel } from "../../testing/sample-models.ts";

const [, , path = "", placement] = process.argv;

const workbench = await onnxWorkbench();
const clock = systemClock();
const journal = createRunJournal({ path, clock, threads: 2 });
startWatchdog({ journal, clock, intervalMs: 20 });
const runtime = workbench.open({ journal, limits: { maxWorkers: 1, inlineBelowMicros: placement === "inline" ? 1e9 : 0 } });
const request = await workbench.store(countingModel(), { runLimit: "300ms" });
const model = await runtime.load({ ...request, modelId: "endless" });
await model.infer(countTo(10n));
console.log(JSON.stringify({ dir: workbench.dir, placement: model.placement }));
await model.infer(countTo(endless));
