/** The kubeconfig in the data folder, by which `kubectl` and our own commands find the server. */
import { renameSync, writeFileSync } from "node:fs";
import { stringify } from "yaml";

/** Name of the one cluster, user and context in it. */
const entryName = "modelyard";

/** Replaces the file as a whole; only its owner can read it. */
export function writeKubeconfig(path: string, controlUrl: string): void {
  const kubeconfig = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: entryName, cluster: { server: controlUrl } }],
    users: [{ name: entryName, user: {} }],
    contexts: [{ name: entryName, context: { cluster: entryName, user: entryName, namespace: "default" } }],
    "current-context": entryName,
  };
  writeFileSync(`${path}.tmp`, stringify(kubeconfig), { mode: 0o600 });
  renameSync(`${path}.tmp`, path);
}
