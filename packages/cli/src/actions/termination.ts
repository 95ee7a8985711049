/** Being told to end: SIGTERM, SIGHUP, Ctrl-C. */
import type { Clock } from "@modelyard/core";

/** A terminal and npm both pass one Ctrl-C on: what follows within this time is the same one. */
const oneInterruptMs = 1_000;

/** Resolves when this process is told to end. A later Ctrl-C, after a second, ends it at once with status 130. */
export function terminationAsked(clock: Clock): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let askedMs: number | undefined;
    const onSignal = (signal: NodeJS.Signals): void => {
      const nowMs = clock.monotonicMs();
      if (signal === "SIGINT" && askedMs !== undefined && nowMs - askedMs > oneInterruptMs) process.exit(130);
      askedMs ??= nowMs;
      resolve(signal);
    };
    for (const signal of ["SIGTERM", "SIGHUP", "SIGINT"] as const) process.on(signal, onSignal);
  });
}
