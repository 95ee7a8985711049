/** What the current context of a kubeconfig says of its server, and of who we are there. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { failure } from "@modelyard/core";
import type { ServerTrust } from "@modelyard/resources";
import { isRecord } from "../input/model-metadata.ts";
import { whyUnreadable } from "../input/why-unreadable.ts";
import { yaml } from "../yaml.ts";

/** The server of a context. */
export interface KubeconfigServer {
  /** As it is written; empty when it is missing. */
  readonly url: string;
  readonly token: string | undefined;
  readonly trust: ServerTrust;
}

type Fields = Readonly<Record<string, unknown>>;

/** Reads the file; undefined when there is none. Throws `CONFIG_UNREADABLE`. */
export function readKubeconfig(path: string): KubeconfigServer | undefined {
  if (!existsSync(path)) return undefined;
  const config = parseFile(path);
  const context = named(config["contexts"], config["current-context"])["context"];
  const { cluster: clusterName, user: userName } = isRecord(context) ? { cluster: context["cluster"], user: context["user"] } : {};
  const cluster = recordOf(named(config["clusters"], clusterName)["cluster"]);
  const user = recordOf(named(config["users"], userName)["user"]);
  const pem = (fields: Fields, name: string): string | undefined => pemOf(fields, { name, folder: dirname(path) });
  const certificateAuthority = pem(cluster, "certificate-authority");
  const serverName = textOf(cluster["tls-server-name"]);
  const certificate = pem(user, "client-certificate");
  const key = pem(user, "client-key");
  return {
    url: textOf(cluster["server"]) ?? "",
    token: textOf(user["token"]),
    trust: {
      ...(certificateAuthority === undefined ? {} : { certificateAuthority }),
      ...(serverName === undefined ? {} : { serverName }),
      ...(certificate === undefined || key === undefined ? {} : { client: { certificate, key } }),
    },
  };
}

function parseFile(path: string): Fields {
  try {
    return recordOf(yaml().parse(readFileSync(path, "utf8")));
  } catch (error) {
    throw failure("CONFIG_UNREADABLE", { file: path, why: whyUnreadable(error) }, { cause: error });
  }
}

/** Data in the file itself (`NAME-data`, base64), or the name of a file beside it. */
function pemOf(fields: Fields, { name, folder }: { readonly name: string; readonly folder: string }): string | undefined {
  const data = textOf(fields[`${name}-data`]);
  if (data !== undefined) return Buffer.from(data, "base64").toString("latin1");
  const file = textOf(fields[name]);
  return file === undefined ? undefined : readPem(resolve(folder, file));
}

/** Reads a file in PEM. Throws `CONFIG_UNREADABLE`. */
export function readPem(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    throw failure("CONFIG_UNREADABLE", { file: path, why: whyUnreadable(error) }, { cause: error });
  }
}

function named(list: unknown, name: unknown): Fields {
  const entries: readonly unknown[] = Array.isArray(list) ? list : [];
  return entries.filter(isRecord).find((entry) => entry["name"] === name) ?? {};
}

function recordOf(value: unknown): Fields {
  return isRecord(value) ? value : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
