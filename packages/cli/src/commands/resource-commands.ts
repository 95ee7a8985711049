import type { Command } from "commander";
import { type CommandContext, type CommonOptions, newCommand, prose, withExamples } from "./command-context.ts";

/** Options of commands on objects. */
export interface ResourceOptions extends CommonOptions {
  readonly namespace: string;
}

/** Options of `modelyard get`. */
export interface GetOptions extends ResourceOptions {
  readonly allNamespaces?: boolean;
  readonly selector?: string;
  readonly wide?: boolean;
}

const kindHelp = `KIND is the plural, singular or short name: inferenceservices (isvc), servingruntimes, clusterservingruntimes, models (mdl), events (ev),
namespaces (ns).`;

/** `modelyard get KIND [NAME]`. */
export function getCommand(context: CommandContext): Command {
  const command = namespaced(newCommand("get <kind> [name]", "list objects, or show one"))
    .description(
      prose(`Lists the objects of a kind, or shows one. With --output json or yaml the objects are printed whole.\n\n${kindHelp}`),
    )
    .option("-A, --all-namespaces", "objects of every namespace")
    .option("-l, --selector <selector>", "only objects with these labels: a=b,c!=d,e in (f,g)")
    .option("--wide", "more columns")
    .action(async (kind: string, name: string | undefined, options: GetOptions) => {
      const { get } = await import("../actions/get.ts");
      await get({ kind, ...(name === undefined ? {} : { name }) }, options, context);
    });
  return withExamples(command, [
    ["modelyard get inferenceservices", "what is deployed, and in which state"],
    ["modelyard get isvc digits --output yaml", "everything about one"],
  ]);
}

/** `modelyard describe KIND NAME`. */
export function describeCommand(context: CommandContext): Command {
  const command = namespaced(newCommand("describe <kind> <name>", "explain the state of an object"))
    .description(
      prose(
        `Explains an object: its state in words, why it failed and what to do, its addresses, revisions and recent events.\n\n${kindHelp}`,
      ),
    )
    .action(async (kind: string, name: string, options: ResourceOptions) => {
      const { describe } = await import("../actions/describe.ts");
      await describe({ kind, name }, options, context);
    });
  return withExamples(command, [["modelyard describe isvc digits", "why is it not ready?"]]);
}

/** `modelyard delete KIND NAME`. */
export function deleteCommand(context: CommandContext): Command {
  const command = namespaced(newCommand("delete <kind> <name>", "delete an object"))
    .description(
      prose(
        `Deletes an object. A deleted InferenceService stops answering; the bytes of its models go when nothing refers to them.\n\n${kindHelp}`,
      ),
    )
    .action(async (kind: string, name: string, options: ResourceOptions) => {
      const { deleteObject } = await import("../actions/delete-object.ts");
      await deleteObject({ kind, name }, options, context);
    });
  return withExamples(command, [["modelyard delete isvc digits", "end the service"]]);
}

/** `modelyard events NAME`. */
export function eventsCommand(context: CommandContext): Command {
  const command = namespaced(newCommand("events [name]", "show what happened to an object"))
    .description("Shows the recorded events of an object, oldest first; without a name those of the namespace.")
    .action(async (name: string | undefined, options: ResourceOptions) => {
      const { events } = await import("../actions/events.ts");
      await events(name, options, context);
    });
  return withExamples(command, [["modelyard events digits", "the history of a service"]]);
}

function namespaced(command: Command): Command {
  return command.option("-n, --namespace <namespace>", "namespace of the object", "default");
}
