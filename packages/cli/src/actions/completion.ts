/** `modelyard completion`: scripts made from the commands themselves, so that they never fall behind. */
import { kinds } from "@modelyard/api";
import type { Command } from "commander";

/** A shell with completion. */
export type Shell = "bash" | "zsh" | "fish";

interface CommandWords {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly string[];
  /** Words its first argument can be. */
  readonly firstArguments: readonly string[];
}

/** The script for a shell. */
export function completionScript(shell: Shell, program: Command): string {
  const commands = program.commands.filter((command) => !isHidden(program, command)).map(wordsOf);
  switch (shell) {
    case "bash":
      return bashScript(commands);
    case "zsh":
      return `autoload -U +X bashcompinit && bashcompinit\n${bashScript(commands)}`;
    case "fish":
      return fishScript(commands);
  }
}

function isHidden(program: Command, command: Command): boolean {
  return !program.createHelp().visibleCommands(program).includes(command);
}

function wordsOf(command: Command): CommandWords {
  const flags = command.options.flatMap(({ long }) => (long ? [long] : []));
  const [first] = command.registeredArguments;
  const kindNames = kinds.flatMap(({ plural, shortNames }) => [plural, ...shortNames]);
  const firstArguments = first?.name() === "kind" ? kindNames : (first?.argChoices ?? []);
  return { name: command.name(), summary: command.summary(), flags: [...flags, "--help"], firstArguments };
}

function bashScript(commands: readonly CommandWords[]): string {
  const cases = commands.map(({ name, flags, firstArguments }) => `    ${name}) words="${[...firstArguments, ...flags].join(" ")}" ;;`);
  return `# Completion of modelyard. Load it with: source <(modelyard completion bash)
_modelyard() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" words=""
  case "$previous" in
    --input|--config|deploy) COMPREPLY=($(compgen -f -- "$current")); return ;;
    --data) COMPREPLY=($(compgen -d -- "$current")); return ;;
    -o|--output) COMPREPLY=($(compgen -W "table json yaml" -- "$current")); return ;;
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(" ")} help" -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o bashdefault -F _modelyard modelyard
`;
}

function fishScript(commands: readonly CommandWords[]): string {
  const lines = commands.flatMap(({ name, summary, flags, firstArguments }) => {
    const inCommand = `-n '__fish_seen_subcommand_from ${name}'`;
    return [
      `complete -c modelyard -n __fish_use_subcommand -f -a ${name} -d '${summary.replaceAll("'", "\\'")}'`,
      ...firstArguments.map((word) => `complete -c modelyard ${inCommand} -f -a ${word}`),
      ...flags.map((flag) => `complete -c modelyard ${inCommand} -l ${flag.slice(2)}`),
    ];
  });
  return `# Completion of modelyard. Load it with: modelyard completion fish | source\n${lines.join("\n")}\n`;
}
