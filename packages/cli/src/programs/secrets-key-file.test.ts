import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { secretsKey, secretsKeyName } from "./secrets-key-file.ts";

describe("secretsKey()", () => {
  test("makes the secret once, for its owner alone, and leaves nothing else", () => {
    const folder = temporaryFolder();
    const made = secretsKey(folder);
    expect(made).toHaveLength(32);
    expect(Buffer.from(secretsKey(folder))).toEqual(Buffer.from(made));
    expect(readFileSync(join(folder, secretsKeyName))).toEqual(Buffer.from(made));
    expect(statSync(join(folder, secretsKeyName)).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual([secretsKeyName]);
  });

  test("goes on after a start that was killed while it made one", () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, `${secretsKeyName}.tmp`), "half");
    expect(secretsKey(folder)).toHaveLength(32);
    expect(readdirSync(folder)).toEqual([secretsKeyName]);
  });

  test("refuses a file of another length, and leaves it as it is", () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, secretsKeyName), "short");
    expect(() => secretsKey(folder)).toThrow(expect.objectContaining({ reason: "DATA_FOLDER_UNUSABLE" }));
    expect(readFileSync(join(folder, secretsKeyName), "utf8")).toBe("short");
  });
});
