/** A server that requires keys and speaks TLS, as its owner's commands and Kubernetes' own client use it. */
import { execFile, spawnSync } from "node:child_process";
import { appendFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { CoreV1Api, CustomObjectsApi, KubeConfig } from "@kubernetes/client-node";
import { parsePresentedKey } from "@modelyard/core";
import { describe, expect, it, vi } from "vitest";
import { parse, stringify } from "yaml";
import { type CommandOutcome, runCommand, sampleModel, startServer, type TestServer } from "./testing/running-server.ts";
import { askSecurely, tlsFolder } from "./testing/secured.ts";

const limitMs = 120_000;
const digit = sampleModel.replace("digits.onnx", "digits-00.png");

/** Runs a command as the owner of the data folder does, with the server's address from its kubeconfig. */
function asOwner({ ready }: TestServer, args: readonly string[]): Promise<CommandOutcome> {
  return runCommand(args, { env: { MODELYARD_DATA: ready.dataDir } });
}

/** Runs one that has to succeed, and reads its JSON. */
async function json(server: TestServer, args: readonly string[]): Promise<Record<string, unknown>> {
  const { status, stdout, stderr } = await asOwner(server, [...args, "--output", "json"]);
  expect([args, status, stderr.includes("PROBLEM")]).toEqual([args, 0, false]);
  // The answer of the command.
  return JSON.parse(stdout) as Record<string, unknown>;
}

const accessLines = ({ ready }: TestServer): readonly Record<string, unknown>[] =>
  readFileSync(join(ready.dataDir, "logs", "access-control.log"), "utf8")
    .trim()
    .split("\n")
    // Lines of the log under test.
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe("a server with authentication and TLS", { timeout: limitMs }, () => {
  it("is used by its owner's commands without a flag more", async () => {
    const server = await startServer(undefined, [...tlsFolder().args, "--authentication", "required"]);
    expect([server.ready.control, server.ready.data]).toEqual([expect.stringMatching(/^https:/), expect.stringMatching(/^https:/)]);
    await json(server, ["deploy", sampleModel, "--name", "digits"]);
    await json(server, ["predict", "digits", "--input", digit]);
    expect(await json(server, ["get", "isvc"])).toMatchObject({ items: [{ metadata: { name: "digits" } }] });
    expect((await asOwner(server, ["describe", "isvc", "digits"])).stdout).toContain("digits");
    expect((await asOwner(server, ["events", "digits"])).status).toBe(0);
    expect((await asOwner(server, ["logs", "digits"])).status).toBe(0);
    expect(await json(server, ["version"])).toMatchObject({ url: server.ready.control });
    expect(await json(server, ["doctor"])).toMatchObject({ ok: true });
    expect((await asOwner(server, ["delete", "isvc", "digits"])).status).toBe(0);
  });

  it.skipIf(spawnSync("curl", ["--version"]).status !== 0)("prints a curl line that works when pasted, and holds no key", async () => {
    const server = await startServer(undefined, [...tlsFolder().args, "--authentication", "required"]);
    const { curl } = await json(server, ["deploy", sampleModel, "--name", "digits"]);
    expect(curl).not.toContain("myk_");
    const pasted = await promisify(execFile)("sh", ["-c", String(curl)]);
    expect(JSON.parse(pasted.stdout)).toMatchObject({ model_name: "digits" });
  });

  it("is used by the official Kubernetes client with the kubeconfig", async () => {
    const { args, files, authority } = tlsFolder();
    // OpenSSL, by which that client verifies, wants the issuer; Go and our own client are content with the certificate.
    appendFileSync(files.cert, authority.certificate);
    const server = await startServer(undefined, [...args, "--authentication", "required"]);
    const config = new KubeConfig();
    config.loadFromFile(join(server.ready.dataDir, "kubeconfig"));
    const { items } = await config.makeApiClient(CoreV1Api).listNamespacedSecret({ namespace: "modelyard-system" });
    expect(items.map(({ metadata, type }) => [metadata?.name, type])).toEqual([["modelyard-admin", "modelyard.dev/api-key"]]);
    const place = { group: "serving.kserve.io", version: "v1beta1", plural: "inferenceservices", namespace: "default" };
    expect(await config.makeApiClient(CustomObjectsApi).listNamespacedCustomObject(place)).toMatchObject({ items: [] });
  });

  it("refuses commands without its kubeconfig, says what to do, and logs who tried", async () => {
    const { args, files } = tlsFolder();
    const server = await startServer(undefined, [...args, "--authentication", "required"]);
    const outside = { MODELYARD_DATA: join(server.ready.dataDir, "elsewhere"), MODELYARD_CA_FILE: files.cert };
    const { status, stderr } = await runCommand(["get", "isvc", "--server", server.ready.control], { env: outside });
    expect([status, stderr]).toEqual([1, expect.stringContaining("MODELYARD_API_KEY")]);
    await vi.waitFor(() =>
      expect(accessLines(server)).toMatchObject([{ face: "control", status: 401, why: "no key", remote: "127.0.0.1" }]),
    );
    const key = readFileSync(join(server.ready.dataDir, "admin.key"), "utf8").trim();
    const env = { ...outside, MODELYARD_API_KEY: key };
    expect((await runCommand(["get", "isvc", "--server", server.ready.control], { env })).status).toBe(0);
    const withoutTrust = { MODELYARD_DATA: outside.MODELYARD_DATA, MODELYARD_API_KEY: key };
    const distrusting = await runCommand(["get", "isvc", "--server", server.ready.control], { env: withoutTrust });
    expect(distrusting.stderr).toContain("was not reached");
  });

  it("has the key of its owner again after a restart, also when its Secret was deleted, and a new one when the file was", async () => {
    const first = await startServer(undefined, ["--authentication", "required"]);
    const { dataDir } = first.ready;
    const keyFile = join(dataDir, "admin.key");
    const key = readFileSync(keyFile, "utf8").trim();
    expect((await asOwner(first, ["delete", "secret", "modelyard-admin", "-n", "modelyard-system"])).status).toBe(0);
    await vi.waitFor(async () => expect((await asOwner(first, ["get", "isvc"])).status).not.toBe(0), { timeout: 20_000 });
    await first.stop();
    const second = await startServer(dataDir, ["--authentication", "required"]);
    expect((await asOwner(second, ["get", "isvc"])).status).toBe(0);
    await second.stop();
    rmSync(keyFile);
    const third = await startServer(dataDir, ["--authentication", "required"]);
    const renewed = readFileSync(keyFile, "utf8").trim();
    expect(parsePresentedKey(renewed)?.id).not.toBe(parsePresentedKey(key)?.id);
    expect((await asOwner(third, ["get", "isvc"])).status).toBe(0);
    const old = await fetch(`${third.ready.control}/version`, { headers: { authorization: `Bearer ${key}` } });
    expect(old.status).toBe(401);
  });

  it("writes a new certificate into the kubeconfig, so that commands go on", async () => {
    const tls = tlsFolder();
    const server = await startServer(undefined, [...tls.args, "--authentication", "required"]);
    const authority = (): string =>
      parse(readFileSync(join(server.ready.dataDir, "kubeconfig"), "utf8")).clusters[0].cluster["certificate-authority-data"];
    const before = authority();
    tls.replace("second");
    await vi.waitFor(() => expect(authority()).not.toBe(before), { timeout: 20_000 });
    expect((await asOwner(server, ["get", "isvc"])).status).toBe(0);
    expect((await askSecurely(`${server.ready.control}/livez`, { ca: tls.authority.certificate })).status).toBe(200);
  });

  it("is used by commands with the client certificate that is in the kubeconfig, which a restart leaves there", async () => {
    const { args, files, authority } = tlsFolder();
    const required = [...args, "--tls-client-ca", files.ca, "--client-certificates", "required"];
    const first = await startServer(undefined, required);
    const { dataDir } = first.ready;
    expect((await asOwner(first, ["get", "isvc"])).status).toBe(4);
    const { certificate, key } = authority.issue({ commonName: "operator" });
    const file = join(dataDir, "kubeconfig");
    const { users, ...rest } = parse(readFileSync(file, "utf8"));
    const encoded = {
      "client-certificate-data": Buffer.from(certificate).toString("base64"),
      "client-key-data": Buffer.from(key).toString("base64"),
    };
    writeFileSync(file, stringify({ ...rest, users: [{ ...users[0], user: { ...users[0].user, ...encoded } }] }));
    expect((await asOwner(first, ["get", "isvc"])).status).toBe(0);
    await first.stop();
    const second = await startServer(dataDir, required);
    expect((await asOwner(second, ["get", "isvc"])).status).toBe(0);
    expect(accessLines(second)).toMatchObject([{ protocol: "tls", why: "no client certificate" }]);
  });

  it("makes keys that open what they say, lists them without showing them, and ends them", async () => {
    const server = await startServer(undefined, ["--authentication", "required"]);
    const made = await json(server, ["key", "create", "ci", "--expires", "90d"]);
    expect(made).toMatchObject({ name: "ci", namespace: "default", role: "infer", expires: expect.stringMatching(/Z$/) });
    const headers = { authorization: `Bearer ${String(made["key"])}` };
    const data = (): Promise<number> => fetch(`${server.ready.data}/v2/models/absent`, { headers }).then(({ status }) => status);
    const control = (path: string): Promise<number> => fetch(server.ready.control + path, { headers }).then(({ status }) => status);
    await vi.waitFor(async () => expect(await data()).toBe(404));
    expect(await control("/version")).toBe(200);
    expect(await control("/api/v1/namespaces/default/secrets")).toBe(403);

    const operator = await asOwner(server, ["key", "create", "ops", "-n", "modelyard-system", "--role", "admin"]);
    expect(operator.stdout.trim()).toMatch(/^myk_[a-z0-9]+_[\w-]{43}$/);
    const env = { MODELYARD_DATA: join(server.ready.dataDir, "elsewhere"), MODELYARD_API_KEY: operator.stdout.trim() };
    const listed = await runCommand(["key", "list", "-A", "--server", server.ready.control], { env });
    expect(listed.stdout.split("\n").map((line) => line.split(/ {2,}/).slice(0, 2))).toEqual([
      ["NAMESPACE", "NAME"],
      ["default", "ci"],
      ["modelyard-system", "modelyard-admin"],
      ["modelyard-system", "ops"],
      [""],
    ]);
    expect(listed.stdout + JSON.stringify(await json(server, ["key", "list"]))).not.toContain("myk_");

    expect(await json(server, ["key", "delete", "ci"])).toEqual({ name: "ci", namespace: "default", deleted: true });
    await vi.waitFor(async () => expect([await data(), await control("/version")]).toEqual([401, 401]), { timeout: 10_000 });
    const again = await asOwner(server, ["key", "delete", "ci"]);
    expect([again.status, again.stderr]).toEqual([3, expect.stringContaining("API_KEY_NOT_FOUND")]);
  });
});
