import { apiKeySecretType, type Secret, secretEntries, secretKind } from "@modelyard/api";
import { apiKeyDigest, newApiKey } from "@modelyard/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type RunningControl, runControl } from "../testing/running-control.ts";
import { adminSecretName, ensureAdminKey } from "./ensure-admin-key.ts";

const place = { name: adminSecretName, namespace: "modelyard-system" };
let running: RunningControl;
let key: string;

beforeEach(async () => {
  key = newApiKey();
  running = await runControl({ adminKey: key });
});

afterEach(() => running.close());

const read = (): Promise<Secret> => running.local.get(secretKind, place);

describe("the key of the administrator", () => {
  it("is there when control answers, as an API key of modelyard-system that holds its hash alone", async () => {
    const secret = await read();
    expect(secret.type).toBe(apiKeySecretType);
    const entries = secretEntries(secret);
    expect(entries.get("sha256")).toEqual(apiKeyDigest(key));
    expect(entries.get("role")?.toString()).toBe("admin");
    expect(JSON.stringify(secret)).not.toContain(Buffer.from(key).toString("base64"));
  });

  it("is left alone by the next start", async () => {
    const { resourceVersion } = (await read()).metadata;
    running = await running.restart();
    expect((await read()).metadata.resourceVersion).toBe(resourceVersion);
  });

  it.each([
    ["was deleted", () => running.local.delete(secretKind, place)],
    ["lost its role", async () => running.local.update(secretKind, { ...(await read()), stringData: { role: "infer" } })],
    [
      "was given an end",
      async () => running.local.update(secretKind, { ...(await read()), stringData: { expires: "2000-01-01T00:00:00Z" } }),
    ],
    ["is another", () => ensureAdminKey(running.local, newApiKey())],
  ])("is mended by the next start when it %s", async (_name, change) => {
    await change();
    running = await running.restart();
    const entries = secretEntries(await read());
    expect(entries.get("sha256")).toEqual(apiKeyDigest(key));
    expect([entries.get("role")?.toString(), entries.has("expires")]).toEqual(["admin", false]);
  });
});
