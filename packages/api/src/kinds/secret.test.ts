import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { fieldProblemsOf } from "../field-problem.ts";
import { apiKeySecretType, type Secret, secretEntries, secretKind } from "./secret.ts";

const key = `myk_abcd1234_${"s".repeat(43)}`;
const base64 = (text: string): string => Buffer.from(text).toString("base64");

function secret(more: object): object {
  return { apiVersion: "v1", kind: "Secret", metadata: { name: "one", namespace: "default" }, ...more };
}

function problems(more: object): readonly string[] {
  try {
    secretKind.parse(secret(more));
    return [];
  } catch (error) {
    return fieldProblemsOf(error).map(({ field, message }) => `${field}: ${message}`);
  }
}

function texts(one: Secret): Readonly<Record<string, string>> {
  return Object.fromEntries([...secretEntries(one)].map(([name, bytes]) => [name, bytes.toString()]));
}

describe("secretKind", () => {
  test("takes stringData into data, where it wins", () => {
    const parsed = secretKind.parse(secret({ data: { a: base64("old"), b: base64("kept") }, stringData: { a: "new" } }));
    expect(parsed).not.toHaveProperty("stringData");
    expect([parsed.type, texts(parsed)]).toEqual(["Opaque", { a: "new", b: "kept" }]);
  });

  test("refuses what is no base64, names that are none, and more than a MiB", () => {
    expect(problems({ data: { a: "%%%" } })).toEqual(["data.a: Invalid value: must be base64"]);
    expect(problems({ data: { "a b": "" } })).toHaveLength(1);
    expect(problems({ stringData: { a: "x".repeat(1024 * 1024 + 1) } })).toEqual([
      "data: Invalid value: must have at most 1048576 bytes, has 1048577",
    ]);
  });

  test("keeps the hash of an API key, not the key", () => {
    const parsed = secretKind.parse(secret({ type: apiKeySecretType, stringData: { key, role: "admin" } }));
    expect(JSON.stringify(parsed)).not.toContain(base64(key));
    const entries = secretEntries(parsed);
    expect([...entries.keys()].toSorted()).toEqual(["id", "role", "sha256"]);
    expect(entries.get("sha256")).toEqual(createHash("sha256").update(key).digest());
    expect(secretKind.parse(parsed)).toEqual(parsed);
  });

  test.each([
    ["key", { key: "my password" }],
    ["key", {}],
    ["role", { key, role: "root" }],
    ["expires", { key, expires: "soon" }],
  ])("refuses an API key with a wrong %s", (field, stringData) => {
    expect(problems({ type: apiKeySecretType, stringData })).toEqual([expect.stringContaining(`data.${field}: Invalid value: must be`)]);
  });
});
