/**
 * When the machine's host took a core away. The scheduler's counters do not say so: a thread whose core stands still runs, by them, and cores of a
 * shared machine stand still for 5 to 30 ms at a time, often for what is left of each tenth of a second.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

/** A core was not to be had. Times by the monotonic clock that all processes share, milliseconds. */
export interface Absence {
  /** When it was seen last, and again. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** How much of that it was away for, at least. */
  readonly lengthMs: number;
}

/** A witness on each core. */
export interface CoreWitness {
  /** The absences of each core; undefined where threads of the highest priority are not allowed. Ends it. */
  stop(): Promise<readonly (readonly Absence[])[] | undefined>;
}

/** Starts it (Linux; util-linux). It takes about 1 % of each core. */
export function startCoreWitness(): CoreWitness {
  const program = join(import.meta.dirname, "programs", "core-witness-program.ts");
  const children = Array.from({ length: availableParallelism() }, (_, core) =>
    spawn("taskset", ["-c", String(core), "chrt", "-f", "50", process.execPath, program], { stdio: ["pipe", "pipe", "ignore"] }),
  );
  const outputs = children.map((child) => outputOf(child));
  return {
    async stop() {
      for (const child of children) child.stdin.end();
      const texts = await Promise.all(outputs);
      return texts.every((one) => one !== "") ? texts.map((one) => JSON.parse(one) as readonly Absence[]) : undefined;
    },
  };
}

/** Milliseconds between two times for which a core was away. */
export function absentMs(absences: readonly Absence[], fromMs: number, untilMs: number): number {
  let sum = 0;
  for (const one of absences) {
    const sharedMs = Math.min(one.untilMs, untilMs) - Math.max(one.fromMs, fromMs);
    sum += Math.max(0, Math.min(sharedMs, one.lengthMs));
  }
  return sum;
}

/** Empty when the program could not be started. */
async function outputOf(
  child: ChildProcess & { readonly stdout: NodeJS.ReadableStream; readonly stdin: NodeJS.WritableStream },
): Promise<string> {
  child.stdin.on("error", () => {});
  const failed = once(child, "error").then(() => "");
  return await Promise.race([text(child.stdout), failed]);
}
