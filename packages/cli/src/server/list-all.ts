/** Every object of a kind, page by page. */
import type { KubernetesObject, ListOptions, ResourceClient, ResourceKind } from "@modelyard/resources";

const pageSize = 500;

/** Reads the whole list, as selected; a list that changes meanwhile is that of its first page. */
export async function listAll<T extends KubernetesObject>(
  client: ResourceClient,
  kind: ResourceKind<T>,
  selection: ListOptions,
): Promise<readonly T[]> {
  const items: T[] = [];
  let from: { readonly continue?: string } = {};
  do {
    const page = await client.list(kind, { ...selection, ...from, limit: pageSize });
    items.push(...page.items);
    from = page.continue === undefined ? {} : { continue: page.continue };
  } while (from.continue !== undefined);
  return items;
}
