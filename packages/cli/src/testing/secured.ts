/** What a server that is not open to everybody needs in a test: certificates in files, keys in its store, and clients that have them. */
import { readFileSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { join } from "node:path";
import type { MintedKey } from "@modelyard/core/testing";
import { type TestAuthority, type TestCertificate, testAuthority } from "@modelyard/wire/testing";
import type { ReadyFacts } from "../supervisor/supervisor.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** Certificates of a server in a folder of their own. */
export interface TlsFolder {
  readonly authority: TestAuthority;
  readonly files: { readonly cert: string; readonly key: string; readonly ca: string };
  /** Flags of `modelyard up` for TLS. */
  readonly args: readonly string[];
  /** Puts another certificate in the place of the server's. */
  replace(commonName: string): void;
  /** Puts something there that is none. */
  breakCertificate(): void;
}

/** Makes a certificate for this machine. */
export function tlsFolder(): TlsFolder {
  const authority = testAuthority();
  const dir = temporaryFolder();
  const files = { cert: join(dir, "server.pem"), key: join(dir, "server.key"), ca: join(dir, "clients.pem") };
  const replace = (commonName: string): void => {
    const issued = authority.issue({ commonName, dnsNames: ["localhost"], addresses: ["127.0.0.1"] });
    writeFileSync(files.cert, issued.certificate);
    writeFileSync(files.key, issued.key);
  };
  replace("first");
  writeFileSync(files.ca, authority.certificate);
  return {
    authority,
    files,
    args: ["--tls-cert", files.cert, "--tls-key", files.key],
    replace,
    breakCertificate: () => writeFileSync(files.cert, "no PEM"),
  };
}

/** The key of whoever started a server: it opens everything. */
export function ownersKey({ dataDir }: ReadyFacts): string {
  return readFileSync(join(dataDir, "admin.key"), "utf8").trim();
}

/** Issues a key as an owner does, by a Secret. */
export async function issueKey(ready: ReadyFacts, ca: string, { key, text }: MintedKey): Promise<void> {
  const { id: name, namespace, role } = key;
  const metadata = { name, namespace };
  const secret = { apiVersion: "v1", kind: "Secret", type: "modelyard.dev/api-key", metadata, stringData: { key: text, role } };
  const headers = { authorization: `Bearer ${ownersKey(ready)}`, "content-type": "application/json" };
  const url = `${ready.control}/api/v1/namespaces/${namespace}/secrets`;
  const { status, body } = await askSecurely(url, { ca, method: "POST", headers, body: JSON.stringify(secret) });
  if (status !== 201) throw new Error(`the key was not issued: ${status} ${body}`);
}

/** An answer over HTTPS. */
export interface SecureAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

/** How to ask. */
export interface SecureRequest {
  /** Whom to trust, where the agent does not say so. */
  readonly ca?: string;
  /** Default: a connection of its own. */
  readonly agent?: Agent;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Shown to a server that asks for one. */
  readonly client?: TestCertificate;
}

/** One request; rejects when the connection cannot be made or is lost. */
export function askSecurely(url: string, { client, body = "", ...options }: SecureRequest): Promise<SecureAnswer> {
  return new Promise((resolve, reject) => {
    const shown = client ? { cert: client.certificate, key: client.key } : {};
    const sent = request(url, { agent: new Agent(), ...options, ...shown }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      answer.once("end", () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text }));
      answer.once("error", reject);
    });
    sent.once("error", reject);
    sent.end(body);
  });
}
