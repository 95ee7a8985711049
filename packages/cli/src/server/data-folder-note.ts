/**
 * Where a server keeps its data, said by the server itself: an annotation of the namespace `default`. It lets `modelyard doctor` and
 * `modelyard logs`, which read files, find the folder of a server they were only given the address of.
 */
import { type Namespace, namespaceKind } from "@modelyard/api";
import type { ResourceClient } from "@modelyard/resources";

const annotation = "modelyard.dev/data-folder";

/** Writes the note unless it is there. */
export async function noteDataFolder(client: ResourceClient, dataDir: string): Promise<void> {
  const namespace = await client.get(namespaceKind, { name: "default" });
  if (dataFolderOf(namespace) === dataDir) return;
  const annotations = { ...namespace.metadata.annotations, [annotation]: dataDir };
  await client.update(namespaceKind, { ...namespace, metadata: { ...namespace.metadata, annotations } });
}

/** Reads the note; undefined when the server left none. */
export async function notedDataFolder(client: ResourceClient, signal: AbortSignal): Promise<string | undefined> {
  return dataFolderOf(await client.get(namespaceKind, { name: "default" }, { signal }));
}

function dataFolderOf(namespace: Namespace): string | undefined {
  return namespace.metadata.annotations?.[annotation];
}
