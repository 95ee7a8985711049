import { describe, expect, test } from "vitest";
import { executeCommand } from "../mvcc/execute-command.ts";
import { MemoryTables } from "./memory-tables.ts";

function run(tables: MemoryTables, ...steps: readonly string[]): void {
  for (const step of steps) {
    const [kind, key = ""] = step.split(" ");
    const operation =
      kind === "put"
        ? ({ kind: "put", key, value: new Uint8Array(0) } as const)
        : ({ kind: "delete", range: { kind: "key", key } } as const);
    executeCommand(tables, { kind: "transact", transaction: { success: [operation] } });
  }
}

describe("compacting tables in memory", () => {
  test("leaves one version of each key that exists", () => {
    const tables = new MemoryTables();
    run(tables, "put a", "put a", "put b", "put a");
    expect(tables.versionCount).toBe(4);
    tables.compact(tables.revision);
    expect(tables.versionCount).toBe(2);
  });

  test("leaves nothing of a deleted key", () => {
    const tables = new MemoryTables();
    run(tables, "put a", "delete a", "put b", "delete b");
    tables.compact(tables.revision);
    expect(tables.versionCount).toBe(0);
  });

  test("leaves what a read between the compacted revision and now can see", () => {
    const tables = new MemoryTables();
    run(tables, "put a", "put a", "delete a", "put a");
    tables.compact(3);
    expect(tables.versionCount).toBe(3);
    expect(tables.range({ range: { kind: "key", key: "a" }, revision: 3 }).keyValues).toMatchObject([{ modRevision: 3, version: 2 }]);
    expect(tables.range({ range: { kind: "key", key: "a" }, revision: 4 }).keyValues).toEqual([]);
  });
});
