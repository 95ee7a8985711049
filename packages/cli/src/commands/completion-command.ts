import { Argument, type Command } from "commander";
import { type CommandContext, newCommand, withExamples } from "./command-context.ts";

/** `modelyard completion SHELL`; completes the commands of `program`. */
export function completionCommand(context: CommandContext, program: () => Command): Command {
  const command = newCommand("completion", "print a completion script for a shell")
    .addArgument(new Argument("<shell>", "shell").choices(["bash", "zsh", "fish"]))
    .description("Prints a script that completes commands, options and kinds. Load it from the start file of the shell.")
    .action(async (shell: "bash" | "zsh" | "fish") => {
      const { completionScript } = await import("../actions/completion.ts");
      context.streams.stdout.write(completionScript(shell, program()));
    });
  return withExamples(command, [
    ["source <(modelyard completion bash)", "in ~/.bashrc"],
    ["source <(modelyard completion zsh)", "in ~/.zshrc"],
    ["modelyard completion fish | source", "in ~/.config/fish/config.fish"],
  ]);
}
