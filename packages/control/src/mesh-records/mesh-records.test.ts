import { seededRandom, silentLog, systemClock } from "@modelyard/core";
import { encodeRecord, type VModelRecord, vmodelKey } from "@modelyard/mesh";
import { encodeJson, memoryStore, putOperation } from "@modelyard/store";
import { expect, test, vi } from "vitest";
import { startMeshRecords } from "./mesh-records.ts";

test("a record that can no longer be read counts as none, not as what it was before", async () => {
  const stop = new AbortController();
  const common = { clock: systemClock(), random: seededRandom(1), log: silentLog(), signal: stop.signal };
  const store = memoryStore(common);
  const records = startMeshRecords({ ...common, store });
  const told: string[] = [];
  records.subscribe((vmodelId) => told.push(vmodelId));
  await records.synced;
  const record: VModelRecord = {
    owner: "isvc",
    activeModelId: "ns/a__isvc-1",
    activeRevision: 1,
    targetModelId: "ns/a__isvc-1",
    targetRevision: 1,
    failed: false,
  };
  await store.transact({ success: [putOperation(vmodelKey("ns/a"), encodeRecord(record))] });
  await vi.waitFor(() => expect(records.vmodel("ns/a")).toMatchObject({ record }));
  await store.transact({ success: [putOperation(vmodelKey("ns/a"), encodeJson({ owner: 7 }))] });
  await vi.waitFor(() => expect(told).toEqual(["ns/a", "ns/a"]));
  expect(records.vmodel("ns/a")).toBeUndefined();
  stop.abort();
  await records.ended;
  await store.close();
});
