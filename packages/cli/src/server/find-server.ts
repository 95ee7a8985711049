/**
 * Which server a command talks to, and what it shows there: `--server`, then `MODELYARD_URL`, then the kubeconfig of the data folder.
 *
 * Invariant: what is in a kubeconfig is shown to no server but the one that it names.
 */
import { failure } from "@modelyard/core";
import type { ServerTrust } from "@modelyard/resources";
import { type KubeconfigServer, readKubeconfig, readPem } from "./kubeconfig.ts";

/** What the environment says. */
export interface ServerEnvironment {
  /** `MODELYARD_URL`. */
  readonly url: string | undefined;
  /** `MODELYARD_API_KEY`: goes before the key in the kubeconfig. */
  readonly apiKey: string | undefined;
  /** `MODELYARD_CA_FILE`: certificates in PEM that are trusted, before those in the kubeconfig. */
  readonly certificateFile: string | undefined;
}

/** Where to look. */
export interface ServerHints {
  readonly flag: string | undefined;
  readonly environment: ServerEnvironment;
  readonly dataDir: string;
  readonly kubeconfigFile: string;
}

/** A server as a command reaches it. */
export interface FoundServer {
  /** Address of its control port, without a slash at its end. */
  readonly url: string;
  readonly apiKey: string | undefined;
  readonly trust: ServerTrust;
}

/** Throws `SERVER_UNKNOWN`, `OPTION_INVALID` or `CONFIG_UNREADABLE`. */
export function findServer({ flag, environment, dataDir, kubeconfigFile }: ServerHints): FoundServer {
  const { url: variable, apiKey, certificateFile } = environment;
  const named = flag === undefined ? namedBy(variable, "MODELYARD_URL") : namedBy(flag, "--server");
  const kubeconfig = readKubeconfig(kubeconfigFile);
  if (named === undefined && kubeconfig === undefined) throw failure("SERVER_UNKNOWN", { dataDir });
  const url = named ?? checkedUrl(kubeconfig?.url ?? "", `server in ${kubeconfigFile}`);
  const own: Partial<KubeconfigServer> = kubeconfig && isSame(kubeconfig.url, url) ? kubeconfig : {};
  return {
    url,
    apiKey: apiKey ?? own.token,
    trust: { ...own.trust, ...(certificateFile === undefined ? {} : { certificateAuthority: readPem(certificateFile) }) },
  };
}

function namedBy(text: string | undefined, origin: string): string | undefined {
  return text === undefined ? undefined : checkedUrl(text, origin);
}

/** Whether two addresses are those of one server, by scheme, host and port. */
function isSame(one: string, other: string): boolean {
  return URL.parse(one)?.origin === URL.parse(other)?.origin;
}

function checkedUrl(text: string, origin: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "https:") return text.replace(/\/+$/, "");
  throw failure("OPTION_INVALID", { origin, current: `"${text}"`, wanted: "an address such as http://127.0.0.1:8043" });
}
