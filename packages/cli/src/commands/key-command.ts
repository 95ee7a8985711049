import { apiKeyRoles } from "@modelyard/core";
import { Argument, type Command, Option } from "commander";
import { type CommandContext, type CommonOptions, newCommand, prose, withExamples } from "./command-context.ts";

/** What can be done with keys. */
export type KeyAction = "create" | "list" | "delete";

/** Options of `modelyard key`. */
export interface KeyOptions extends CommonOptions {
  readonly namespace: string;
  readonly allNamespaces?: boolean;
  readonly role: (typeof apiKeyRoles)[number];
  readonly expires?: string;
}

/** `modelyard key ACTION [NAME]`. */
export function keyCommand(context: CommandContext): Command {
  const actions: readonly KeyAction[] = ["create", "list", "delete"];
  const command = newCommand("key", "make, list and delete API keys")
    .addArgument(new Argument("<action>", "what to do").choices(actions))
    .argument("[name]", "name of the key, for people")
    .description(
      prose(`Makes, lists and deletes API keys. A server that was started with --authentication required wants one with each request, as
"authorization: Bearer KEY". A key opens the namespace it is in, one of modelyard-system every namespace.

create prints the key, once: the server keeps only its hash. Whoever loses a key makes another. delete ends what a key opens, also what runs
with it.`),
    )
    .option("-n, --namespace <namespace>", "namespace of the key", "default")
    .option("-A, --all-namespaces", "list the keys of every namespace")
    .addOption(
      new Option("--role <role>", "create: ask models, or also load them and change objects").choices(apiKeyRoles).default("infer"),
    )
    .option("--expires <when>", "create: end of its validity, as a duration (90d, 12h) or a time (2030-01-31T00:00:00Z); default none")
    .action(async (action: KeyAction, name: string | undefined, options: KeyOptions) => {
      const { key } = await import("../actions/key.ts");
      await key({ action, name }, options, context);
    });
  return withExamples(command, [
    ["modelyard key create ci --expires 90d", "a key that may ask the models of the namespace default"],
    ["modelyard key create ops -n modelyard-system --role admin", "an administrator of everything"],
    ["modelyard key list -A", "which keys there are"],
    ["modelyard key delete ci", "end it"],
  ]);
}
