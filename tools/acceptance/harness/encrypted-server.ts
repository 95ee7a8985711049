/** A server whose ports speak TLS and want a certificate of each client, with the files that such a client needs. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { testAuthority } from "@modelyard/wire/testing";
import { type Server, startServer } from "./server.ts";

/** A running server, and its clients' files. */
export interface EncryptedServer {
  readonly server: Server;
  /** Files of a client. */
  readonly files: ClientFiles;
}

/** Files of a client in PEM. */
export interface ClientFiles {
  readonly folder: string;
  /** What it knows the server by. */
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

/** Where clients find the models: the same ones on an open port and on an encrypted one. */
export interface Ports {
  /** `host:port`. */
  readonly open: string;
  readonly encrypted: string;
  readonly files: ClientFiles;
}

/** Starts it on a data folder; its files go to another. */
export async function startEncryptedServer(data: string, folder: string): Promise<EncryptedServer> {
  mkdirSync(folder, { recursive: true });
  const authority = testAuthority();
  const own = authority.issue({ commonName: "localhost", dnsNames: ["localhost"], addresses: ["127.0.0.1"] });
  const client = authority.issue({ commonName: "real-clients" });
  const write = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const files = {
    folder,
    authority: write("ca.pem", authority.certificate),
    certificate: write("client.pem", client.certificate),
    key: write("client.key", client.key),
  };
  const identity = ["--tls-cert", write("server.pem", own.certificate), "--tls-key", write("server.key", own.key)];
  const clients = ["--tls-client-ca", files.authority, "--client-certificates", "required"];
  return { server: await startServer(data, { args: [...identity, ...clients] }), files };
}
