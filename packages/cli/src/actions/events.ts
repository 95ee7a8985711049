/** `modelyard events`: what was recorded about an object. */
import { type Event, eventKind, isModelName, objectNameFor } from "@modelyard/api";
import type { ResourceClient } from "@modelyard/resources";
import type { CommandContext } from "../commands/command-context.ts";
import type { ResourceOptions } from "../commands/resource-commands.ts";
import { formatAge } from "../output/age.ts";
import { formatTable } from "../output/table.ts";
import { getService } from "../server/services.ts";
import { openSession } from "./session.ts";

/** Runs the command. */
export async function events(name: string | undefined, options: ResourceOptions, context: CommandContext): Promise<void> {
  const { client, output } = openSession(options, context);
  const { namespace } = options;
  const found = await listEvents(client, { namespace, ...(name === undefined ? {} : { name }) }, context.signal);
  // A name that nothing is recorded of may be a typing error: rejects with RESOURCE_NOT_FOUND then.
  if (name !== undefined && found.length === 0) await getService(client, { name, namespace }, context.signal);
  const of = name === undefined ? `the namespace ${namespace}` : `"${name}"`;
  output.answer({ apiVersion: "v1", kind: "EventList", items: found }, () =>
    found.length === 0 ? `There are no events of ${of}.` : eventTable(found, context.clock.nowMs()),
  );
}

/** Events of an object, by its name or model name, or of a whole namespace; oldest first. */
export async function listEvents(
  client: ResourceClient,
  { namespace, name }: { readonly namespace: string; readonly name?: string },
  signal: AbortSignal,
): Promise<readonly Event[]> {
  const object = name !== undefined && isModelName(name) ? objectNameFor(name) : name;
  const fieldSelector = object === undefined ? {} : { fieldSelector: `involvedObject.name=${object}` };
  const { items } = await client.list(eventKind, { namespace, ...fieldSelector, signal });
  // Times are whole seconds; within one the order of the records decides.
  const version = ({ metadata }: Event): number => Number(metadata.resourceVersion ?? 0);
  return items.toSorted((a, b) => lastSeen(a).localeCompare(lastSeen(b)) || version(a) - version(b));
}

/** Events as a table. */
export function eventTable(list: readonly Event[], nowMs: number): string {
  const rows = list.map((event) => {
    const times = (event.count ?? 1) > 1 ? ` (${event.count} times)` : "";
    const { kind = "", name = "" } = event.involvedObject;
    return [formatAge(lastSeen(event), nowMs), event.type, event.reason, `${kind.toLowerCase()}/${name}`, `${event.message ?? ""}${times}`];
  });
  return formatTable(["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"], rows);
}

function lastSeen(event: Event): string {
  return event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp ?? "";
}
