/** A command's connection to its server. */
import { type ApiObject, findKind, type KindDefinition, kinds } from "@modelyard/api";
import { failure } from "@modelyard/core";
import { type Fetch, httpResourceClient, type ResourceClient } from "@modelyard/resources";
import { type CommandContext, type CommonOptions, outputOf } from "../commands/command-context.ts";
import { clientDataDir, serverFromEnvironment } from "../config/load-config.ts";
import type { Output } from "../output/output.ts";
import { curlOptions } from "../server/curl-options.ts";
import { findServer } from "../server/find-server.ts";
import { serverFetch } from "../server/server-fetch.ts";
import { dataFolderAt } from "../supervisor/data-folder.ts";

/** What commands on objects work with. */
export interface Session {
  readonly controlUrl: string;
  /** For every port of the server. */
  readonly fetch: Fetch;
  readonly client: ResourceClient;
  readonly output: Output;
  /** With which `curl` reaches the server. */
  readonly curlOptions: readonly string[];
}

/** Finds the server; it is reached with the first request. */
export function openSession(options: CommonOptions, context: CommandContext): Session {
  const folder = dataFolderAt(clientDataDir());
  const environment = serverFromEnvironment();
  const server = findServer({ flag: options.server, environment, dataDir: folder.dir, kubeconfigFile: folder.kubeconfigFile });
  const { url: controlUrl } = server;
  const fetch = serverFetch(server);
  const { clock, random } = context;
  return {
    controlUrl,
    fetch,
    client: httpResourceClient({ url: controlUrl, clock, random, fetch }),
    output: outputOf(options, context),
    curlOptions: curlOptions(server, environment, folder),
  };
}

/** The kind a person means; throws `KIND_UNKNOWN` naming those there are. */
export function kindNamed(name: string): KindDefinition<ApiObject> {
  const kind = findKind(name);
  if (kind) return kind;
  const known = kinds.map(({ plural, shortNames }) => (shortNames.length > 0 ? `${plural} (${shortNames.join(", ")})` : plural)).join(", ");
  throw failure("KIND_UNKNOWN", { kind: name, known });
}

/** Which object a person means: that of this name, or the service of this model name. */
export function objectKey(
  kind: KindDefinition<ApiObject>,
  named: { readonly name: string; readonly namespace: string },
): { namespace?: string; name: string } {
  const { name, namespace } = named;
  return kind.namespaced ? { namespace, name } : { name };
}
