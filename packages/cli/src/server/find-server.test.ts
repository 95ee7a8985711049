import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { writeKubeconfig } from "../programs/kubeconfig-file.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { findServer, type ServerEnvironment, type ServerHints } from "./find-server.ts";

const nothing: ServerEnvironment = { url: undefined, apiKey: undefined, certificateFile: undefined };

function hints(given: Partial<ServerHints> = {}): ServerHints {
  const dataDir = temporaryFolder();
  return { flag: undefined, environment: nothing, dataDir, kubeconfigFile: join(dataDir, "kubeconfig"), ...given };
}

describe("findServer()", () => {
  it("takes the flag before the environment, that before the kubeconfig", () => {
    const present = hints();
    writeKubeconfig(present.kubeconfigFile, { url: "http://127.0.0.1:3" });
    const environment = { ...nothing, url: "http://127.0.0.1:2" };
    expect(findServer({ ...present, flag: "http://127.0.0.1:1/", environment }).url).toBe("http://127.0.0.1:1");
    expect(findServer({ ...present, environment }).url).toBe("http://127.0.0.1:2");
    expect(findServer(present).url).toBe("http://127.0.0.1:3");
  });

  it("follows the current context of a kubeconfig", () => {
    const present = hints();
    const entry = (name: string, port: number): string =>
      `{name: ${name}, cluster: {server: "https://127.0.0.1:${port}", tls-server-name: ${name}}}`;
    writeFileSync(join(present.dataDir, "ca.pem"), "the authority");
    writeFileSync(
      present.kubeconfigFile,
      `clusters: [${entry("a", 1)}, ${entry("b", 2)}]
users: [{name: me, user: {token: mine, client-certificate-data: ${Buffer.from("certificate").toString("base64")}, client-key: ca.pem}}]
contexts: [{name: x, context: {cluster: a}}, {name: y, context: {cluster: b, user: me}}]
current-context: y
`,
    );
    expect(findServer(present)).toEqual({
      url: "https://127.0.0.1:2",
      apiKey: "mine",
      trust: { serverName: "b", client: { certificate: "certificate", key: "the authority" } },
    });
  });

  it("shows the key of a kubeconfig to no other server, and takes that of the environment before it", () => {
    const present = hints();
    writeKubeconfig(present.kubeconfigFile, { url: "http://127.0.0.1:3", token: "mine" });
    expect(findServer({ ...present, flag: "http://127.0.0.1:3" }).apiKey).toBe("mine");
    for (const flag of ["http://127.0.0.1:4", "https://127.0.0.1:3", "http://models.example:3"]) {
      expect(findServer({ ...present, flag }).apiKey).toBeUndefined();
    }
    const environment = { ...nothing, apiKey: "other" };
    expect(findServer({ ...present, environment }).apiKey).toBe("other");
    expect(findServer({ ...present, flag: "http://127.0.0.1:4", environment }).apiKey).toBe("other");
  });

  it("trusts the certificates of the file that the environment names", () => {
    const present = hints({ flag: "https://models.example" });
    const certificateFile = join(present.dataDir, "ca.pem");
    writeFileSync(certificateFile, "the authority");
    expect(findServer({ ...present, environment: { ...nothing, certificateFile } }).trust).toEqual({
      certificateAuthority: "the authority",
    });
    expect(() => findServer({ ...present, environment: { ...nothing, certificateFile: `${certificateFile}.gone` } })).toThrow(
      "ca.pem.gone",
    );
  });

  it("says what is missing or wrong", () => {
    expect(() => findServer(hints())).toThrow("has no kubeconfig");
    expect(() => findServer(hints({ environment: { ...nothing, url: "here" } }))).toThrow('MODELYARD_URL is not valid: it is "here"');
    const empty = hints();
    writeFileSync(empty.kubeconfigFile, "kind: Config\n");
    expect(() => findServer(empty)).toThrow(/server in .*kubeconfig is not valid/);
    writeFileSync(empty.kubeconfigFile, "{");
    expect(() => findServer(empty)).toThrow("kubeconfig");
  });
});
