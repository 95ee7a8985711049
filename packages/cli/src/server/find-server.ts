/** Which server a command talks to: `--server`, then `MODELYARD_URL`, then the kubeconfig of the data folder. */
import { existsSync, readFileSync } from "node:fs";
import { failure } from "@modelyard/core";
import { parse } from "yaml";
import { isRecord } from "../input/model-metadata.ts";

/** Where to look. */
export interface ServerHints {
  readonly flag: string | undefined;
  readonly environment: string | undefined;
  readonly dataDir: string;
  readonly kubeconfigFile: string;
}

/** Address of a control port, without a slash at its end. Throws `SERVER_UNKNOWN` or `OPTION_INVALID`. */
export function findServer({ flag, environment, dataDir, kubeconfigFile }: ServerHints): string {
  if (flag !== undefined) return checkedUrl(flag, "--server");
  if (environment !== undefined) return checkedUrl(environment, "MODELYARD_URL");
  if (!existsSync(kubeconfigFile)) throw failure("SERVER_UNKNOWN", { dataDir });
  return checkedUrl(serverOf(readFileSync(kubeconfigFile, "utf8")) ?? "", `server in ${kubeconfigFile}`);
}

/** Address of the current context's cluster. */
function serverOf(kubeconfig: string): string | undefined {
  const config: unknown = parse(kubeconfig);
  if (!isRecord(config)) return undefined;
  const context = named(config["contexts"], config["current-context"])?.["context"];
  const cluster = isRecord(context) ? named(config["clusters"], context["cluster"])?.["cluster"] : undefined;
  return isRecord(cluster) && typeof cluster["server"] === "string" ? cluster["server"] : undefined;
}

function named(list: unknown, name: unknown): Readonly<Record<string, unknown>> | undefined {
  const entries: readonly unknown[] = Array.isArray(list) ? list : [];
  return entries.filter(isRecord).find((entry) => entry["name"] === name);
}

function checkedUrl(text: string, origin: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "https:") return text.replace(/\/+$/, "");
  throw failure("OPTION_INVALID", { origin, current: `"${text}"`, wanted: "an address such as http://127.0.0.1:8043" });
}
