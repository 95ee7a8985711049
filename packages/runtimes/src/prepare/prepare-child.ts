/** The prepare program: a child of the serving process that prepares one model at a time and may die of it. */
import { systemClock } from "@modelyard/core";
import { endWithParent } from "../children/end-with-parent.ts";
import { openOrtEngine } from "../onnx/ort-engine.ts";
import { ModelRefused } from "./model-refused.ts";
import { prepareModel } from "./prepare-model.ts";
import type { PrepareCommand, PrepareJob, PrepareReply } from "./prepare-protocol.ts";

const clock = systemClock();
const engine = openOrtEngine();

/** Resolves once the message has left: what comes next may block for ever. */
function reply(message: PrepareReply): Promise<void> {
  return new Promise((resolve) => {
    if (process.send) process.send(message, undefined, undefined, () => resolve());
    else resolve();
  });
}

async function answer(job: PrepareJob): Promise<PrepareReply> {
  try {
    await prepareModel(job, { engine, clock, enter: (stage) => reply({ kind: "stage", stage }) });
    return { kind: "prepared" };
  } catch (error) {
    if (error instanceof ModelRefused) return { kind: "refused", why: error.message };
    // Passed on to the parent's log.
    return { kind: "failed", message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

endWithParent();
process.on("message", (command: PrepareCommand) => void answer(command.job).then(reply));
void reply({ kind: "ready" });
