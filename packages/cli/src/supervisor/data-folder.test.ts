import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { makeDataFolder, prepareDataFolder } from "./data-folder.ts";

describe("prepareDataFolder()", () => {
  it("makes a new folder with its format and its places, for this user alone", () => {
    const dir = join(temporaryFolder(), "deep", "data");
    makeDataFolder(dir);
    const folder = prepareDataFolder(dir);
    expect(readFileSync(join(dir, "version"), "utf8")).toBe("1\n");
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    for (const place of [folder.objectsDir, folder.preparedDir, folder.logsDir]) expect(statSync(place).isDirectory()).toBe(true);
  });

  it("refuses a folder that a newer version wrote, naming both formats", () => {
    const dir = temporaryFolder();
    writeFileSync(join(dir, "version"), "2\n");
    expect(() => prepareDataFolder(dir)).toThrow("has format 2, and this version reads up to format 1");
  });

  it("refuses a folder whose format is no number", () => {
    const dir = temporaryFolder();
    writeFileSync(join(dir, "version"), "soon");
    expect(() => prepareDataFolder(dir)).toThrow('its file "version" holds "soon", not a number');
  });

  it("says why a folder cannot be used", () => {
    const dir = temporaryFolder();
    writeFileSync(join(dir, "file"), "");
    expect(() => makeDataFolder(join(dir, "file", "data"))).toThrow(/cannot be used: ENOTDIR/);
    mkdirSync(join(dir, "data"));
    writeFileSync(join(dir, "data", "logs"), "");
    expect(() => prepareDataFolder(join(dir, "data"))).toThrow(/cannot be used: EEXIST/);
  });
});
