import { type Command, Option } from "commander";
import type { ConfigFlags } from "../config/load-config.ts";
import { type CommandContext, type CommonOptions, newCommand, outputOf, prose, withExamples } from "./command-context.ts";
import { addConfigOptions } from "./up-command.ts";

/** Options of `modelyard logs`. */
export interface LogsOptions extends CommonOptions {
  readonly process?: string;
  readonly lines: string;
  readonly follow?: boolean;
  readonly data?: string;
}

/** Options of `modelyard doctor`. */
export interface DoctorOptions extends CommonOptions, ConfigFlags {
  readonly server?: string;
  readonly output: CommonOptions["output"];
}

/** `modelyard logs`. */
export function logsCommand(context: CommandContext): Command {
  const command = newCommand("logs [name]", "show the logs of the server, or what they say of a service")
    .description(
      prose(`Shows the newest records of the server's processes, in the order of time. With a name only records that mention that service are shown.
The logs are read from the data folder, so this works on the machine of the server, also after it has ended.`),
    )
    .addOption(new Option("--process <process>", "only one kind of process").choices(["control", "serving", "supervisor"]))
    .option("--lines <count>", "newest records shown", "100")
    .option("--follow", "go on with new records until Ctrl-C")
    .option("--data <dir>", "data folder of the server (MODELYARD_DATA)")
    .action(async (name: string | undefined, options: LogsOptions) => {
      const { logs } = await import("../actions/logs.ts");
      await logs(name, options, context);
    });
  return withExamples(command, [["modelyard logs digits --lines 20", "what happened to a model"]]);
}

/** `modelyard doctor`. */
export function doctorCommand(context: CommandContext): Command {
  const command = newCommand("doctor", "check the machine and the server, and say what to do").description(
    prose(`Checks versions, data folder, disk, memory, ports and processes, and says what to do about each problem. Status 1 when something keeps
the server from working. --output json carries the process ids in the form of the ready line.`),
  );
  addConfigOptions(command).action(async (options: DoctorOptions) => {
    const { doctor } = await import("../actions/doctor.ts");
    await doctor(options, context);
  });
  return withExamples(command, [["modelyard doctor", "is everything well?"]]);
}

/** `modelyard version`. */
export function versionCommand(context: CommandContext): Command {
  return newCommand("version", "show the versions of this command and of the server")
    .description("Shows the version of this command, of Node, and of the server when one is reached.")
    .action(async (options: CommonOptions) => {
      const { version } = await import("../actions/version.ts");
      await version(options, context);
    });
}

/** `modelyard config`. */
export function configCommand(context: CommandContext): Command {
  const command = newCommand("config", "show the configuration and where each value came from").description(
    prose(`Shows every key of the configuration as \`modelyard up\` would use it here: its value, and whether it came from a flag, an environment
variable, the configuration file or the default.`),
  );
  addConfigOptions(command).action(async (options: CommonOptions & ConfigFlags) => {
    const { showConfig } = await import("../actions/show-config.ts");
    showConfig(options, outputOf(options, context));
  });
  return withExamples(command, [["modelyard config --data /srv/models", "with another folder"]]);
}
