import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { writeKubeconfig } from "../programs/kubeconfig-file.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { findServer, type ServerHints } from "./find-server.ts";

function hints(given: Partial<ServerHints> = {}): ServerHints {
  const dataDir = temporaryFolder();
  return { flag: undefined, environment: undefined, dataDir, kubeconfigFile: join(dataDir, "kubeconfig"), ...given };
}

describe("findServer()", () => {
  it("takes the flag before the environment, that before the kubeconfig", () => {
    const present = hints();
    writeKubeconfig(present.kubeconfigFile, { url: "http://127.0.0.1:3" });
    expect(findServer({ ...present, flag: "http://127.0.0.1:1/", environment: "http://127.0.0.1:2" })).toBe("http://127.0.0.1:1");
    expect(findServer({ ...present, environment: "http://127.0.0.1:2" })).toBe("http://127.0.0.1:2");
    expect(findServer(present)).toBe("http://127.0.0.1:3");
  });

  it("follows the current context of a kubeconfig", () => {
    const present = hints();
    const entry = (name: string, port: number): string => `{name: ${name}, cluster: {server: "https://127.0.0.1:${port}"}}`;
    writeFileSync(
      present.kubeconfigFile,
      `clusters: [${entry("a", 1)}, ${entry("b", 2)}]\ncontexts: [{name: x, context: {cluster: a}}, {name: y, context: {cluster: b}}]\ncurrent-context: y\n`,
    );
    expect(findServer(present)).toBe("https://127.0.0.1:2");
  });

  it("says what is missing or wrong", () => {
    expect(() => findServer(hints())).toThrow("has no kubeconfig");
    expect(() => findServer(hints({ environment: "here" }))).toThrow('MODELYARD_URL is not valid: it is "here"');
    const empty = hints();
    writeFileSync(empty.kubeconfigFile, "kind: Config\n");
    expect(() => findServer(empty)).toThrow(/server in .*kubeconfig is not valid/);
  });
});
