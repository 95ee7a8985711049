import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parsePresentedKey } from "@modelyard/core";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { adminKey, adminKeyName } from "./admin-key-file.ts";

describe("adminKey()", () => {
  it("makes a key once, that its owner alone can read, and gives the same ever after", () => {
    const dir = temporaryFolder();
    const key = adminKey(dir);
    expect(parsePresentedKey(key)).toBeDefined();
    expect(adminKey(dir)).toBe(key);
    expect(statSync(join(dir, adminKeyName)).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(dir, adminKeyName), "utf8")).toBe(`${key}\n`);
  });

  it("refuses a file that holds something else, rather than to lock its owner out", () => {
    const dir = temporaryFolder();
    writeFileSync(join(dir, adminKeyName), "hello");
    expect(() => adminKey(dir)).toThrow('its file "admin.key" holds something that is no API key');
  });
});
