/** The worked example of the page on storage means what the page says. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { inferenceServiceKind, secretEntries, secretKind } from "@modelyard/api";
import { resolveStorage, resolveStorageUri } from "@modelyard/objects/store";
import { expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { configKeys, flagOf } from "./config/keys.ts";
import { repositoryRoot } from "./testing/running-server.ts";

const page = readFileSync(join(repositoryRoot, "docs/storage.md"), "utf8");

it("the example of docs/storage.md is valid, and its services find their credentials", () => {
  const [, example = ""] = /```yaml\n(.*?)```/s.exec(page) ?? [];
  const [secretText, ...serviceTexts] = parseAllDocuments(example).map((document): unknown => document.toJS());
  const entries = new Map([...secretEntries(secretKind.parse(secretText))].map(([name, bytes]) => [name, bytes.toString()]));
  const [digits, letters] = serviceTexts.map((text) => inferenceServiceKind.parse(text).spec.predictor.model);
  expect(resolveStorage({ entries, key: digits?.storage?.key ?? "", path: digits?.storage?.path ?? "" })).toMatchObject({
    kind: "s3",
    bucket: "models",
    path: "digits/v1",
    endpoint: "https://minio.example:9000",
    credentials: { kind: "static", accessKeyId: "reader" },
  });
  expect(resolveStorageUri({ entries, uri: letters?.storageUri ?? "", parameters: letters?.storage?.parameters ?? {} })).toMatchObject({
    url: "https://files.example/models/letters.tar.gz",
    headers: { authorization: "Bearer change-me" },
  });
});

it("docs/storage.md names keys and flags that there are", () => {
  const names: readonly string[] = Object.values(configKeys).map((key) => key.name);
  const [, ...rows] = /\| address \|.*?\n\n/s.exec(page)?.[0].split("\n") ?? [];
  const named = rows.flatMap((row) => [...(row.split("|")[3] ?? "").matchAll(/`(\w+)`/g)].map(([, name = ""]) => name));
  expect(named.length).toBeGreaterThan(5);
  expect(names).toEqual(expect.arrayContaining(named));
  expect(page).toContain(`(\`${flagOf(configKeys.objects.name)}\`)`);
});
