import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type CertificateInit, testAuthority } from "@modelyard/wire/testing";
import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { type KubeconfigFacts, writeKubeconfig } from "./kubeconfig-file.ts";

interface Kubeconfig {
  readonly clusters: readonly [{ readonly cluster: Readonly<Record<string, string>> }];
  readonly users: readonly [{ readonly name: string; readonly user: Readonly<Record<string, string>> }];
}

// Written by the function under test.
const read = (path: string): Kubeconfig => parse(readFileSync(path, "utf8")) as Kubeconfig;

function written(facts: KubeconfigFacts): Kubeconfig {
  const path = join(temporaryFolder(), "kubeconfig");
  writeKubeconfig(path, facts);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  return read(path);
}

const issued = (names: Omit<CertificateInit, "commonName">): string =>
  testAuthority().issue({ commonName: "server", ...names }).certificate;

describe("writeKubeconfig()", () => {
  it("names the server alone where nobody is asked for anything", () => {
    const { clusters, users } = written({ url: "http://127.0.0.1:8043" });
    expect([clusters[0].cluster, users[0].user]).toEqual([{ server: "http://127.0.0.1:8043" }, {}]);
  });

  it("has the key, and the certificate as what is trusted", () => {
    const certificate = issued({ addresses: ["127.0.0.1"] });
    const { clusters, users } = written({ url: "https://127.0.0.1:8043", token: "key", certificate });
    expect(users[0].user).toEqual({ token: "key" });
    const { "certificate-authority-data": data = "", ...cluster } = clusters[0].cluster;
    expect(Buffer.from(data, "base64").toString()).toBe(certificate);
    expect(cluster).toEqual({ server: "https://127.0.0.1:8043" });
  });

  it.each([
    [{ dnsNames: ["models.example", "other.example"] }, "models.example"],
    [{ dnsNames: ["*.models.example"] }, "modelyard.models.example"],
    [{ addresses: ["10.0.0.1"] }, undefined],
  ])("names a host of the certificate %j when the address is none of them", (names, wanted) => {
    const { clusters } = written({ url: "https://127.0.0.1:8043", certificate: issued(names) });
    expect(clusters[0].cluster["tls-server-name"]).toBe(wanted);
  });

  it("keeps the client certificate that its owner put there, and an old key not", () => {
    const path = join(temporaryFolder(), "kubeconfig");
    writeKubeconfig(path, { url: "https://127.0.0.1:1", token: "old" });
    const { users, ...rest } = read(path);
    const user = { ...users[0].user, "client-certificate": "me.pem", "client-key": "me.key" };
    writeFileSync(path, stringify({ ...rest, users: [{ name: users[0].name, user }] }));
    writeKubeconfig(path, { url: "https://127.0.0.1:2" });
    expect(read(path).users[0].user).toEqual({ "client-certificate": "me.pem", "client-key": "me.key" });
  });

  it("replaces one that is damaged", () => {
    const path = join(temporaryFolder(), "kubeconfig");
    writeFileSync(path, "{");
    writeKubeconfig(path, { url: "http://127.0.0.1:2" });
    expect(read(path).clusters[0].cluster["server"]).toBe("http://127.0.0.1:2");
  });
});
