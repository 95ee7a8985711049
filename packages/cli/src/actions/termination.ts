/** Signals: being told to end by SIGTERM or Ctrl-C, and what SIGHUP means. */
import { isatty } from "node:tty";
import type { Clock } from "@modelyard/core";

/** A terminal and npm both pass one Ctrl-C on: what follows within this time is the same one. */
const oneInterruptMs = 1_000;

/** Options of {@link terminationAsked}. */
export interface TerminationOptions {
  /** What SIGHUP asks for while the terminal is there, or there never was one. Default: to end, as when the terminal has gone. */
  readonly onHangUp?: () => void;
}

/** Resolves when this process is told to end. A later Ctrl-C, after a second, ends it at once with status 130. */
export function terminationAsked(clock: Clock, { onHangUp }: TerminationOptions = {}): Promise<NodeJS.Signals> {
  const terminal = [0, 1, 2].find((descriptor) => isatty(descriptor));
  // Of a terminal that was closed the kernel says that it is none.
  const isTerminalGone = (): boolean => terminal !== undefined && !isatty(terminal);
  return new Promise((resolve) => {
    let askedMs: number | undefined;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (signal === "SIGHUP" && onHangUp && !isTerminalGone()) {
        onHangUp();
        return;
      }
      const nowMs = clock.monotonicMs();
      if (signal === "SIGINT" && askedMs !== undefined && nowMs - askedMs > oneInterruptMs) process.exit(130);
      askedMs ??= nowMs;
      resolve(signal);
    };
    for (const signal of ["SIGTERM", "SIGHUP", "SIGINT"] as const) process.on(signal, onSignal);
  });
}
