import { readFileSync, statSync, writeFileSync } from "node:fs";
import { parsePresentedKey } from "@modelyard/core";
import { describe, expect, it } from "vitest";
import { dataFolderAt } from "../supervisor/data-folder.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { adminKey } from "./admin-key-file.ts";

describe("adminKey()", () => {
  it("makes a key once, that its owner alone can read, and gives the same ever after", () => {
    const folder = dataFolderAt(temporaryFolder());
    const key = adminKey(folder);
    expect(parsePresentedKey(key)).toBeDefined();
    expect(adminKey(folder)).toBe(key);
    expect(statSync(folder.adminKeyFile).mode & 0o777).toBe(0o600);
    expect(readFileSync(folder.adminKeyFile, "utf8")).toBe(`${key}\n`);
  });

  it("refuses a file that holds something else, rather than to lock its owner out", () => {
    const folder = dataFolderAt(temporaryFolder());
    writeFileSync(folder.adminKeyFile, "hello");
    expect(() => adminKey(folder)).toThrow('its file "admin.key" holds something that is no API key');
  });
});
