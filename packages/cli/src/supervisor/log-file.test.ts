import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { openLogFile } from "./log-file.ts";

describe("openLogFile()", () => {
  it("appends to what is there", () => {
    const dir = temporaryFolder();
    for (const line of ["one\n", "two\n"]) {
      const log = openLogFile({ dir, name: "control" });
      log.write(line);
      log.close();
    }
    expect(readFileSync(join(dir, "control.log"), "utf8")).toBe("one\ntwo\n");
  });

  it("begins a new part at its limit and keeps as many old ones as it may", () => {
    const dir = temporaryFolder();
    const log = openLogFile({ dir, name: "control", maxPartBytes: 4, maxOldParts: 2 });
    for (const line of ["aaa\n", "bbb\n", "ccc\n", "ddd\n"]) log.write(line);
    log.close();
    const parts = readdirSync(dir).toSorted();
    expect(parts.map((name) => [name, readFileSync(join(dir, name), "utf8")])).toEqual([
      ["control.1.log", "ccc\n"],
      ["control.2.log", "bbb\n"],
      ["control.log", "ddd\n"],
    ]);
  });

  it("takes no more after it was closed", () => {
    const dir = temporaryFolder();
    const log = openLogFile({ dir, name: "control" });
    log.close();
    log.close();
    log.write("late\n");
    expect(readFileSync(log.path, "utf8")).toBe("");
  });
});
