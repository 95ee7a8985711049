/** The kubeconfig in the data folder, by which `kubectl` and our own commands find the server, trust it and show who they are. */
import { X509Certificate } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { isRecord } from "../input/model-metadata.ts";
import { yaml } from "../yaml.ts";

/** Name of the one cluster, user and context in it. */
const entryName = "modelyard";

/** What it says. */
export interface KubeconfigFacts {
  /** Address of the control port. */
  readonly url: string;
  /** API key. Default none. */
  readonly token?: string | undefined;
  /** The server's certificate and the intermediate ones, in PEM; it is trusted as it is. Default: cleartext. */
  readonly certificate?: string | undefined;
}

/** Replaces the file as a whole; only its owner can read it. A client certificate that its owner put there stays. */
export function writeKubeconfig(path: string, { url, token, certificate }: KubeconfigFacts): void {
  const user = { ...clientCertificateIn(path), ...(token === undefined ? {} : { token }) };
  const kubeconfig = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: entryName, cluster: { server: url, ...(certificate === undefined ? {} : trustOf(url, certificate)) } }],
    users: [{ name: entryName, user }],
    contexts: [{ name: entryName, context: { cluster: entryName, user: entryName, namespace: "default" } }],
    "current-context": entryName,
  };
  writeFileSync(`${path}.tmp`, yaml().stringify(kubeconfig), { mode: 0o600 });
  renameSync(`${path}.tmp`, path);
}

/** How a client trusts a certificate. Without one of the server's names in the address it is asked for one that is in the certificate. */
function trustOf(url: string, certificate: string): Readonly<Record<string, string>> {
  const leaf = new X509Certificate(certificate);
  const host = new URL(url).hostname.replace(/^\[|\]$/g, "");
  const isNamed = leaf.checkIP(host) !== undefined || leaf.checkHost(host) !== undefined;
  const name = isNamed ? undefined : nameIn(leaf);
  return {
    "certificate-authority-data": Buffer.from(certificate).toString("base64"),
    ...(name === undefined ? {} : { "tls-server-name": name }),
  };
}

/** A name that a certificate is for: of a host, or of the first host that a wildcard stands for. */
function nameIn({ subjectAltName = "" }: X509Certificate): string | undefined {
  return /DNS:([^,"\s]+)/.exec(subjectAltName)?.[1]?.replace(/^\*\./, "modelyard.");
}

const clientCertificateFields = ["client-certificate", "client-certificate-data", "client-key", "client-key-data"];

function clientCertificateIn(path: string): Readonly<Record<string, unknown>> {
  const config = readIfThere(path);
  const users: unknown = isRecord(config) ? config["users"] : undefined;
  const [first]: readonly unknown[] = Array.isArray(users) ? users : [];
  const user = isRecord(first) && isRecord(first["user"]) ? first["user"] : {};
  return Object.fromEntries(Object.entries(user).filter(([name]) => clientCertificateFields.includes(name)));
}

function readIfThere(path: string): unknown {
  try {
    const text = readFileSync(path, "utf8");
    return yaml().parse(text);
  } catch {
    // Missing, or damaged: it is written anew.
    return undefined;
  }
}
