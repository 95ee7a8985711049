/** What every command is given, and the options all of them have. */
import type { Clock, Random } from "@modelyard/core";
import { Command, Option } from "commander";
import { type Output, type OutputForm, type OutputStreams, outputForms, outputTo } from "../output/output.ts";

/** The outside of a command. */
export interface CommandContext {
  readonly streams: OutputStreams;
  readonly readStdin: () => Promise<Uint8Array>;
  readonly clock: Clock;
  readonly random: Random;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Options of every command. */
export interface CommonOptions {
  readonly server?: string;
  readonly output: OutputForm;
}

/** A command with the common options. `synopsis` is in commander's form: `describe <kind> <name>`. */
export function newCommand(synopsis: string, summary: string): Command {
  const [name, ...args] = synopsis.split(" ");
  const command = new Command(name);
  for (const arg of args) command.argument(arg);
  return command
    .summary(summary)
    .option("--server <url>", "control address of the server; default MODELYARD_URL, then the kubeconfig of the data folder")
    .addOption(new Option("-o, --output <form>", "form of the answer").choices(outputForms).default("table"));
}

/** Joins the lines of each paragraph, so that help is wrapped to the terminal; indented lines stay as they are. */
export function prose(text: string): string {
  return text.replaceAll(/(?<!\n)\n(?![\n ])/g, " ");
}

/** Adds examples below the help of a command. */
export function withExamples(command: Command, examples: readonly (readonly [commandLine: string, meaning: string])[]): Command {
  const width = Math.max(...examples.map(([line]) => line.length));
  const lines = examples.map(([line, meaning]) => `  ${line.padEnd(width)}  # ${meaning}`);
  return command.addHelpText("after", `\nExamples:\n${lines.join("\n")}`);
}

/** Where a command prints. */
export function outputOf(options: CommonOptions, context: CommandContext): Output {
  return outputTo(options.output, context.streams);
}

/** Ends a command that goes on until Ctrl-C, when that came, with status 130: nothing went wrong, so nothing is said. */
export class FollowingEnded extends Error {}

/** Ends a command that has printed what it found with status 1. */
export class ProblemsFound extends Error {}
