/** `modelyard delete`. */
import { inferenceServiceKind } from "@modelyard/api";
import type { CommandContext } from "../commands/command-context.ts";
import type { ResourceOptions } from "../commands/resource-commands.ts";
import { serviceKey } from "../server/services.ts";
import { kindNamed, objectKey, openSession } from "./session.ts";

/** Runs the command. */
export async function deleteObject(
  target: { readonly kind: string; readonly name: string },
  options: ResourceOptions,
  context: CommandContext,
): Promise<void> {
  const { client, output } = openSession(options, context);
  const kind = kindNamed(target.kind);
  const { namespace } = options;
  const named = kind.kind === inferenceServiceKind.kind ? serviceKey({ name: target.name, namespace }) : { name: target.name, namespace };
  const deleted = await client.delete(kind, objectKey(kind, named));
  output.answer(deleted, () => `${kind.singular} "${target.name}" is deleted`);
}
