import { apiKeySecretType, type Secret, secretKind } from "@modelyard/api";
import { apiKeyPrefix } from "@modelyard/core";
import { decodeJson, listPrefix, putOperation } from "@modelyard/store";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type RunningControl, runControl } from "../testing/running-control.ts";

let running: RunningControl;

beforeEach(async () => {
  running = await runControl();
});
afterEach(() => running.close());

const keyOf = (id: string): string => `myk_${id}_${"s".repeat(43)}`;

function apiKey(name: string, stringData: Readonly<Record<string, string>>): Secret {
  return { apiVersion: "v1", kind: "Secret", metadata: { name, namespace: "default" }, type: apiKeySecretType, stringData };
}

async function records(): Promise<readonly unknown[]> {
  const { keyValues } = await listPrefix(running.store, apiKeyPrefix);
  return keyValues.map(({ value }) => decodeJson(value));
}

const eventually = (wanted: readonly unknown[]): Promise<unknown> =>
  vi.waitFor(async () => expect(await records()).toEqual(wanted), { timeout: 10_000, interval: 20 });

describe("an API key", () => {
  test("is published by its hash, with namespace, role and end, and goes with its Secret", async () => {
    const stringData = { key: keyOf("abcd1234"), role: "admin", expires: "2030-01-01T00:00:00Z" };
    await running.http.create(secretKind, apiKey("ci", stringData));
    await eventually([
      {
        id: "abcd1234",
        sha256: expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/),
        namespace: "default",
        role: "admin",
        expiresAtMs: Date.UTC(2030, 0, 1),
        name: "ci",
      },
    ]);
    expect(JSON.stringify(await running.http.get(secretKind, { name: "ci" }))).not.toContain("ssss");
    await running.http.delete(secretKind, { name: "ci" });
    await eventually([]);
  });

  test("whose id another Secret has already stays with that one, and comes to the next when it goes", async () => {
    await running.http.create(secretKind, apiKey("a", { key: keyOf("abcd1234") }));
    await eventually([expect.objectContaining({ name: "a" })]);
    await running.http.create(secretKind, apiKey("b", { key: keyOf("abcd1234"), role: "admin" }));
    await running.http.create(secretKind, apiKey("c", { key: keyOf("zzzz1234") }));
    await eventually([expect.objectContaining({ name: "a", role: "infer" }), expect.objectContaining({ name: "c" })]);
    await running.http.delete(secretKind, { name: "a" });
    await eventually([expect.objectContaining({ name: "b" }), expect.objectContaining({ name: "c" })]);
  });

  test("of modelyard-system is not displaced by an older one of another namespace that claims its id", async () => {
    await running.http.create(secretKind, apiKey("squatter", { key: keyOf("abcd1234") }));
    await eventually([expect.objectContaining({ name: "squatter", namespace: "default" })]);
    const secret = apiKey("ops", { key: keyOf("abcd1234"), role: "admin" });
    await running.http.create(secretKind, { ...secret, metadata: { ...secret.metadata, namespace: "modelyard-system" } });
    await eventually([expect.objectContaining({ name: "ops", namespace: "modelyard-system" })]);
  });

  test("that nobody asked for is removed, one that was damaged is written anew", async () => {
    await running.http.create(secretKind, apiKey("a", { key: keyOf("abcd1234") }));
    await eventually([expect.objectContaining({ name: "a" })]);
    const foreign = [`${apiKeyPrefix}forged99`, `${apiKeyPrefix}abcd1234`];
    await running.store.transact({ success: foreign.map((key) => putOperation(key, Buffer.from("{}"))) });
    await running.restart();
    await eventually([expect.objectContaining({ name: "a", id: "abcd1234" })]);
  });
});

test("a Secret that is no API key is published nowhere", async () => {
  await running.http.create(secretKind, { ...apiKey("plain", { password: "x" }), type: "Opaque" });
  await running.http.create(secretKind, apiKey("key", { key: keyOf("abcd1234") }));
  await eventually([expect.objectContaining({ name: "key" })]);
});
