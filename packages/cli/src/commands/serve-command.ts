import type { Command } from "commander";
import type { ConfigFlags } from "../config/load-config.ts";
import { type CommandContext, newCommand, prose } from "./command-context.ts";
import { addConfigOptions } from "./up-command.ts";

/** `modelyard serve`: one serving process that listens itself. */
export function serveCommand(context: CommandContext): Command {
  const command = newCommand("serve", "start one serving process that listens itself").description(
    prose(`Starts one serving process without a supervisor: it opens the data port itself and takes the store from the control plane of the data
folder. For places where something else starts and restarts processes; everybody else wants \`modelyard up\`.`),
  );
  return addConfigOptions(command).action(async (flags: ConfigFlags) => {
    const { serve } = await import("../actions/serve.ts");
    await serve(flags, context);
  });
}
