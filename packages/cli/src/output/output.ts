/** What commands print: the answer on stdout in the form that was asked for, everything else on stderr. */
import { yaml } from "../yaml.ts";

/** Form of the answer. */
export type OutputForm = "table" | "json" | "yaml";

/** Forms, in the order help names them. */
export const outputForms: readonly OutputForm[] = ["table", "json", "yaml"];

/** Where a command prints. */
export interface Output {
  readonly form: OutputForm;
  /** Whether a live line can be drawn on stderr. */
  readonly isLive: boolean;
  /** Prints the answer: `value` as JSON or YAML, `text` for people. */
  answer(value: unknown, text: () => string): void;
  /** Prints a line about what is going on. */
  note(line: string): void;
  /** Replaces the live line; "" removes it. Without effect where there is none. */
  live(line: string): void;
}

/** Streams of a process. */
export interface OutputStreams {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean; readonly columns?: number };
}

/** Prints to the streams. */
export function outputTo(form: OutputForm, { stdout, stderr }: OutputStreams): Output {
  const isLive = stderr.isTTY === true;
  let liveLine = "";
  const live = (line: string): void => {
    if (!isLive || line === liveLine) return;
    liveLine = line;
    // ANSI: back to the first column, erase the line. Cut, because a line that wraps cannot be erased.
    stderr.write(`\r\u001b[2K${line.slice(0, (stderr.columns ?? 80) - 1)}`);
  };
  return {
    form,
    isLive,
    live,
    note(line) {
      const kept = liveLine;
      live("");
      stderr.write(`${line}\n`);
      live(kept);
    },
    answer(value, text) {
      live("");
      stdout.write(`${render(form, value, text).replace(/\n+$/, "")}\n`);
    },
  };
}

function render(form: OutputForm, value: unknown, text: () => string): string {
  switch (form) {
    case "table":
      return text();
    case "json":
      return JSON.stringify(value, undefined, 2);
    case "yaml":
      return yaml().stringify(value, { aliasDuplicateObjects: false });
  }
}
