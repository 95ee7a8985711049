import { type Command, Option } from "commander";
import { configKeys, flagOf, variableOf } from "../config/keys.ts";
import type { ConfigFlags } from "../config/load-config.ts";
import { type CommandContext, newCommand, prose, withExamples } from "./command-context.ts";

/** `modelyard up`: starts the server and stays. */
export function upCommand(context: CommandContext): Command {
  const command = newCommand("up", "start the server and stay in the foreground").description(
    prose(`Starts a server: the data plane that answers inference requests (HTTP/1.1, HTTP/2 and gRPC on one port), the control plane with its
Kubernetes-style API, and a supervisor that keeps both running. Prints one line when it is ready:

  modelyard ready {"data":URL,"control":URL,"metrics":URL,"dataDir":DIR,
                   "pids":{"supervisor":N,"control":N,"serving":[N]}}

Ctrl-C and SIGTERM let requests in flight finish, then end it with status 0; a second Ctrl-C ends it at once. SIGHUP replaces the serving
processes by new ones, for example of an upgraded program, while requests go on.
Every value can also be set by its environment variable, or in config.yaml of the data folder.`),
  );
  addConfigOptions(command).action(async (flags: ConfigFlags) => {
    const { up } = await import("../actions/up.ts");
    await up(flags, context);
  });
  return withExamples(command, [
    ["modelyard up", "the usual ports and folder"],
    ["modelyard up --port 0 --control-port 0", "any free ports; the ready line names them"],
    ["modelyard up --data /srv/models --memory 4GiB", "another folder, and a limit"],
  ]);
}

/** Adds a flag for each key of the configuration, and `--config`. */
export function addConfigOptions(command: Command): Command {
  for (const key of Object.values(configKeys)) {
    const flags = `${flagOf(key.name)} <${key.placeholder.toLowerCase()}>`;
    command.addOption(new Option(flags, `${key.meaning.charAt(0).toLowerCase()}${key.meaning.slice(1)} (${variableOf(key.name)})`));
  }
  return command.option("--config <file>", "configuration file (MODELYARD_CONFIG); default config.yaml of the data folder");
}
