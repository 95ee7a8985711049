/** `modelyard get`: objects as a table, or whole. */
import { type ApiObject, apiVersionOf, cellOf, inferenceServiceKind, type KindDefinition, type PrintColumn } from "@modelyard/api";
import type { CommandContext } from "../commands/command-context.ts";
import type { GetOptions } from "../commands/resource-commands.ts";
import { formatAge } from "../output/age.ts";
import { type Cell, formatTable } from "../output/table.ts";
import { listAll } from "../server/list-all.ts";
import { serviceKey } from "../server/services.ts";
import { kindNamed, objectKey, openSession } from "./session.ts";

/** Which objects. */
export interface GetTarget {
  readonly kind: string;
  readonly name?: string;
}

/** Runs the command. */
export async function get(target: GetTarget, options: GetOptions, context: CommandContext): Promise<void> {
  const { signal, clock } = context;
  const { client, output } = openSession(options, context);
  const kind = kindNamed(target.kind);
  const table = { kind, withNamespace: options.allNamespaces === true, isWide: options.wide === true, nowMs: clock.nowMs() };
  if (target.name !== undefined) {
    const named =
      kind.kind === inferenceServiceKind.kind
        ? serviceKey({ name: target.name, namespace: options.namespace })
        : { name: target.name, namespace: options.namespace };
    const object = await client.get(kind, objectKey(kind, named), { signal });
    output.answer(object, () => objectTable([object], table));
    return;
  }
  const namespace = kind.namespaced && !options.allNamespaces ? { namespace: options.namespace } : {};
  const selector = options.selector === undefined ? {} : { labelSelector: options.selector };
  const items = await listAll(client, kind, { ...namespace, ...selector, signal });
  const list = { apiVersion: apiVersionOf(kind), kind: `${kind.kind}List`, items };
  const where = kind.namespaced && !table.withNamespace ? ` in the namespace ${options.namespace}` : "";
  output.answer(list, () => (items.length === 0 ? `There are no ${kind.plural}${where}.` : objectTable(items, table)));
}

/** How a table of objects is made. */
export interface ObjectTableOptions {
  readonly kind: KindDefinition<ApiObject>;
  readonly withNamespace: boolean;
  readonly isWide: boolean;
  readonly nowMs: number;
}

/** For people the address that answers; KServe's column, which programs read, has the server's. */
const ownUrlColumn: PrintColumn = { name: "URL", type: "string", path: "status.modelyard.url", priority: 0 };

/** The table of a kind, with the columns the kind has. */
export function objectTable(objects: readonly ApiObject[], options: ObjectTableOptions): string {
  const { kind, withNamespace, isWide } = options;
  const columns = kind.columns.filter(({ priority }) => priority === 0 || isWide);
  const header = [...(withNamespace ? ["NAMESPACE"] : []), "NAME", ...columns.map(({ name }) => name.toUpperCase())];
  const rows = objects.map((object) => [
    ...(withNamespace ? [object.metadata.namespace] : []),
    object.metadata.name,
    ...columns.map((column) => cellText(column, object, options)),
  ]);
  return formatTable(header, rows);
}

function cellText(column: PrintColumn, object: ApiObject, { kind, nowMs }: ObjectTableOptions): Cell {
  const ownUrl = kind.kind === inferenceServiceKind.kind && column.name === "URL" ? cellOf(ownUrlColumn, object) : undefined;
  const cell = ownUrl ?? cellOf(column, object);
  return column.type === "date" && typeof cell === "string" ? formatAge(cell, nowMs) : cell;
}
