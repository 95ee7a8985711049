/** A process with a model in a process of its own, in a run that never ends, or idle; prints that one's id: `isolating-program.ts FOLDER [idle]`. */
import { silentLog, systemClock } from "@modelyard/core";
import { ChildLauncher } from "../../children/child-launcher.ts";
import { countingPlan, countTo, endless } from "../../testing/counting.ts";
import { IsolatedModels } from "../isolated-models.ts";

const [, , dir = "", how] = process.argv;
const log = silentLog();
const launcher = new ChildLauncher({ entry: "#run-worker", memoryBytes: 3 * 2 ** 30, serialization: "advanced", log });
const models = new IsolatedModels({ launcher, clock: systemClock(), log, maxQueued: 2 }, 1);
const plan = await countingPlan(dir, { runLimitMs: 60_000 });
const model = await models.open({ modelId: "m", plan, replan: () => Promise.resolve(plan), onCrash: undefined });
// The second is there when the first is over: the process is in the run.
const isBusy = model.run(countTo(100_000n));
if (how !== "idle") void model.run(countTo(endless));
await isBusy;
console.log(model.pid);
