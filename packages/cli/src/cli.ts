/** The command `modelyard`: its commands, and what becomes of failures. */
import { exitStatusOf, PlatformError } from "@modelyard/core";
import { Command, CommanderError } from "commander";
import { type CommandContext, FollowingEnded, ProblemsFound } from "./commands/command-context.ts";
import { completionCommand } from "./commands/completion-command.ts";
import { deployCommand } from "./commands/deploy-command.ts";
import { keyCommand } from "./commands/key-command.ts";
import { predictCommand } from "./commands/predict-command.ts";
import { deleteCommand, describeCommand, eventsCommand, getCommand } from "./commands/resource-commands.ts";
import { serveCommand } from "./commands/serve-command.ts";
import { configCommand, doctorCommand, logsCommand, versionCommand } from "./commands/server-commands.ts";
import { upCommand } from "./commands/up-command.ts";
import { reportFailure } from "./output/report-failure.ts";
import { productVersion } from "./version.ts";

/** Runs a command line (without the program's name) and gives the exit status. Never throws. */
export async function runCli(args: readonly string[], context: CommandContext): Promise<number> {
  try {
    await buildProgram(context).parseAsync([...args], { from: "user" });
    return 0;
  } catch (error) {
    // Help and usage: commander has printed them. Its status 0 is for help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    // What was found is printed already.
    if (error instanceof ProblemsFound) return 1;
    if (error instanceof FollowingEnded) return interruptedStatus;
    const known = PlatformError.from(error);
    reportFailure(known, { stderr: context.streams.stderr, asJson: wantsJson(args) });
    return exitStatusOf(known.code);
  }
}

/** Every command. */
export function buildProgram(context: CommandContext): Command {
  const program: Command = new Command("modelyard")
    .description("Modelyard runs models on demand: give it a model file, it serves it behind a stable address.")
    .version(productVersion(), "-V, --version", "print the version of this command")
    .helpCommand("help [command]", "show the help of a command")
    .showHelpAfterError("Run the command with --help for its usage.")
    .configureHelp({
      helpWidth: 100,
      subcommandTerm: (command) => [command.name(), ...command.registeredArguments.map(argumentTerm)].join(" "),
    });
  program.addHelpText("after", firstSteps);
  const all = [
    upCommand(context),
    deployCommand(context),
    predictCommand(context),
    getCommand(context),
    describeCommand(context),
    deleteCommand(context),
    logsCommand(context),
    eventsCommand(context),
    keyCommand(context),
    doctorCommand(context),
    versionCommand(context),
    configCommand(context),
    completionCommand(context, () => program),
  ];
  for (const command of all) program.addCommand(command);
  program.addCommand(serveCommand(context), { hidden: true });
  for (const command of [program, ...program.commands]) prepare(command, context);
  return program;
}

/** As shells report a process that SIGINT ended: 128 and the number of the signal. */
const interruptedStatus = 130;

const firstSteps = `
First steps:
  modelyard up                                # start a server; it stays
  modelyard deploy model.onnx                 # in another terminal
  modelyard predict model --input input.json

Exit status: 0 done, 1 failed, 2 usage, 3 not found, 4 unreachable or port busy, 5 timed out, 130 interrupted`;

/** Settings commander does not inherit. */
function prepare(command: Command, { streams }: CommandContext): void {
  command.exitOverride();
  command.configureOutput({
    writeOut: (text) => void streams.stdout.write(text),
    writeErr: (text) => void streams.stderr.write(text),
    outputError: (text, write) => write(text.replace(/^error: /, "modelyard: ")),
    getOutHasColors: () => false,
    getErrHasColors: () => false,
  });
  command.configureHelp({ ...command.configureHelp(), helpWidth: 100 });
  command.showHelpAfterError("Run the command with --help for its usage.");
}

function argumentTerm(argument: { name(): string; readonly required: boolean }): string {
  return argument.required ? `<${argument.name()}>` : `[${argument.name()}]`;
}

function wantsJson(args: readonly string[]): boolean {
  return args.some(
    (arg, index) => arg === "--output=json" || arg === "-ojson" || (arg === "json" && /^(-o|--output)$/.test(args[index - 1] ?? "")),
  );
}
