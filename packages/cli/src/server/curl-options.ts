/** What `curl` needs to reach a server and to be answered, in a form that holds no secret and works when it is pasted into a shell here. */
import { existsSync } from "node:fs";
import { shellQuoted } from "../output/shell-quoted.ts";
import type { DataFolder } from "../supervisor/data-folder.ts";
import type { FoundServer, ServerEnvironment } from "./find-server.ts";

/** Options, each ready for the command line. */
export function curlOptions(server: FoundServer, environment: ServerEnvironment, folder: DataFolder): readonly string[] {
  const { certificateFile = fileIfThere(folder.certificateFile) } = environment;
  const trusted =
    server.trust.certificateAuthority === undefined || certificateFile === undefined ? [] : [`--cacert ${shellQuoted(certificateFile)}`];
  const key = keyText(server, environment, folder);
  return [...trusted, ...(key === undefined ? [] : [`-H "authorization: Bearer ${key}"`])];
}

function keyText({ apiKey }: FoundServer, environment: ServerEnvironment, folder: DataFolder): string | undefined {
  if (apiKey === undefined) return undefined;
  if (environment.apiKey !== undefined) return "$MODELYARD_API_KEY";
  const file = fileIfThere(folder.adminKeyFile);
  return file === undefined ? undefined : `$(cat ${shellQuoted(file)})`;
}

function fileIfThere(path: string): string | undefined {
  return existsSync(path) ? path : undefined;
}
