import { failure } from "@modelyard/core";
import { describe, expect, test } from "vitest";
import { ModelTable } from "./model-table.ts";
import type { ModelRecord } from "./records.ts";
import { sampleModelRecord } from "./testing/sample-records.ts";

const still = sampleModelRecord({ parameters: { a: "1" }, revision: 3, unknown: { kept: [true] } });
const loaded: ModelRecord = { ...still, copies: { one: { state: "loaded", startedAtMs: 1 } } };

describe("ModelTable", () => {
  test("gives back what was set, with the fields that nobody knows", () => {
    const table = new ModelTable();
    for (const record of [still, loaded]) {
      table.set("m", { record, modRevision: 7 }, 1);
      expect(table.get("m")).toEqual({ record, modRevision: 7 });
      expect([table.size, table.revisionOf("m"), table.row("m")]).toEqual([1, 3, expect.objectContaining({ modRevision: 7, listing: 1 })]);
    }
  });

  test("gives of a record that was replaced the new one", () => {
    const table = new ModelTable();
    table.set("m", { record: still, modRevision: 1 }, 1);
    expect(table.get("m")?.record.revision).toBe(3);
    table.set("m", { record: { ...still, revision: 4 }, modRevision: 2 }, 1);
    expect([table.get("m")?.record.revision, table.revisionOf("m")]).toEqual([4, 4]);
  });

  test("knows which records say something of an instance, as they come and go", () => {
    const table = new ModelTable();
    const stirred = (): readonly string[] => Array.from(table.stirred(), ([modelId]) => modelId).toSorted();
    const failed: ModelRecord = {
      ...still,
      failures: { one: { atMs: 1, error: failure("STORE_CLOSED", {}).toPublic() } },
    };
    const crashed: ModelRecord = { ...still, crashes: [{ atMs: 1, kind: "crash" }] };
    for (const [index, record] of [still, loaded, failed, crashed].entries()) table.set(String(index), { record, modRevision: 1 }, 1);
    expect(stirred()).toEqual(["1", "2", "3"]);
    table.set("1", { record: still, modRevision: 2 }, 1);
    table.delete("2");
    expect([stirred(), table.isStirred("3"), table.isStirred("0")]).toEqual([["3"], true, false]);
  });
});
