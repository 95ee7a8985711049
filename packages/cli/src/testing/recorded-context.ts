/** A command's outside that keeps what was printed. */
import { systemRandom } from "@modelyard/core";
import { type FakeClock, fakeClock } from "@modelyard/core/testing";
import type { CommandContext } from "../commands/command-context.ts";

/** A context, and what came of it. */
export interface RecordedContext {
  readonly context: CommandContext;
  readonly clock: FakeClock;
  readonly interrupt: AbortController;
  readonly stdout: () => string;
  readonly stderr: () => string;
}

/** Starts with nothing printed. */
export function recordedContext(): RecordedContext {
  const clock = fakeClock();
  const interrupt = new AbortController();
  let [stdout, stderr] = ["", ""];
  const streams = {
    stdout: { write: (text: string) => void (stdout += text) },
    stderr: { write: (text: string) => void (stderr += text) },
  };
  const context = { streams, readStdin: () => Promise.resolve(new Uint8Array()), clock, random: systemRandom(), signal: interrupt.signal };
  return { context, clock, interrupt, stdout: () => stdout, stderr: () => stderr };
}
