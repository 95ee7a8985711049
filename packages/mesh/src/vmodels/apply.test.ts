import { seededRandom } from "@modelyard/core";
import { fakeClock } from "@modelyard/core/testing";
import { deleteOperation, memoryStore, putOperation, type Store } from "@modelyard/store";
import { beforeEach, describe, expect, test } from "vitest";
import { modelKey, vmodelKey } from "../identity.ts";
import { decodeModelRecord, encodeRecord } from "../record-codec.ts";
import type { ModelRecord } from "../records.ts";
import { commitVModel, deleteVModel, getVModelStatus, setVModel } from "./apply.ts";
import { planMarkFailed, planSwitch, type SetVModelRequest } from "./plan.ts";

let store: Store;

beforeEach(() => {
  store = memoryStore({ clock: fakeClock(), random: seededRandom(1) });
});

function set(target: string, more: Partial<SetVModelRequest> = {}): ReturnType<typeof setVModel> {
  const model = { type: "onnx", artifactDigest: `sha256:${target}`, parameters: { a: "1" }, runtime: "ort" };
  return setVModel(store, { vmodelId: "ns/v", owner: "isvc", targetModelId: target, targetRevision: 1, model, ...more });
}

async function model(modelId: string): Promise<ModelRecord | undefined> {
  const { keyValues } = await store.range({ range: { kind: "key", key: modelKey(modelId) } });
  return keyValues[0] && decodeModelRecord(keyValues[0].value);
}

async function revision(): Promise<number> {
  return (await store.range({ range: { kind: "prefix", prefix: "" }, countOnly: true })).revision;
}

/** Makes a model one that has worked, so that a retarget waits for its successor. */
async function markLoaded(modelId: string): Promise<void> {
  const record = await model(modelId);
  if (!record) throw new Error(`no model ${modelId}`);
  const loaded = { ...record, signature: { platform: "onnx", inputs: [], outputs: [] } };
  await store.transact({ success: [putOperation(modelKey(modelId), encodeRecord(loaded))] });
}

function switchTo(target: string): Promise<boolean> {
  return commitVModel(store, { vmodelId: "ns/v", modelIds: [] }, (snapshot) => planSwitch(snapshot, target));
}

describe("setVModel()", () => {
  test("creates a vmodel that is active at once, and its model with one reference", async () => {
    const status = await set("t1", { autoDelete: true, modelName: "My V" });
    expect(status).toEqual({ kind: "defined", owner: "isvc", active: { modelId: "t1", revision: 1, state: "NotLoaded" } });
    expect(await model("t1")).toMatchObject({ references: 1, autoDelete: true, revision: 1, artifactDigest: "sha256:t1" });
  });

  test("changes nothing when it is repeated", async () => {
    await set("t1");
    const before = await revision();
    expect(await set("t1")).toMatchObject({ kind: "defined" });
    expect(await revision()).toBe(before);
  });

  test("keeps the active model of a retarget until the switch, and counts both references", async () => {
    await set("t1");
    await markLoaded("t1");
    expect(await set("t2", { targetRevision: 2 })).toMatchObject({
      kind: "transitioning",
      active: { modelId: "t1" },
      target: { modelId: "t2", revision: 2 },
    });
    expect([(await model("t1"))?.references, (await model("t2"))?.references]).toEqual([1, 1]);
    expect(await switchTo("t2")).toBe(true);
    expect(await getVModelStatus(store, "ns/v")).toMatchObject({ kind: "defined", active: { modelId: "t2", revision: 2 } });
    expect([(await model("t1"))?.references, (await model("t2"))?.references]).toEqual([0, 1]);
  });

  test("switches at once when it is forced, and when the active model never worked", async () => {
    await set("t1");
    expect(await set("t2")).toMatchObject({ kind: "defined", active: { modelId: "t2" } });
    await markLoaded("t2");
    expect(await set("t3", { force: true })).toMatchObject({ kind: "defined", active: { modelId: "t3" } });
  });

  test("drops the former target of a transition that is retargeted, and of one that is taken back", async () => {
    await set("t1");
    await markLoaded("t1");
    await set("t2", { autoDelete: true });
    await set("t3", { autoDelete: true });
    expect([await model("t2"), (await model("t3"))?.references]).toEqual([undefined, 1]);
    expect(await set("t1")).toMatchObject({ kind: "defined", active: { modelId: "t1" } });
    expect([await model("t3"), (await model("t1"))?.references]).toEqual([undefined, 1]);
  });

  test("deletes an auto-deleted model with its last reference, keeps the others", async () => {
    await set("t1", { autoDelete: true });
    await markLoaded("t1");
    await setVModel(store, { vmodelId: "ns/w", owner: "isvc", targetModelId: "t1", targetRevision: 1 });
    await set("t2", { autoDelete: false });
    await switchTo("t2");
    expect((await model("t1"))?.references).toBe(1);
    expect(await deleteVModel(store, { vmodelId: "ns/w" })).toBe(true);
    expect(await model("t1")).toBeUndefined();
    expect(await deleteVModel(store, { vmodelId: "ns/v" })).toBe(true);
    expect((await model("t2"))?.references).toBe(0);
  });

  test("clears the failure of a transition by another target, not by the same", async () => {
    await set("t1");
    await markLoaded("t1");
    await set("t2");
    await commitVModel(store, { vmodelId: "ns/v", modelIds: [] }, (snapshot) =>
      planMarkFailed(snapshot, { targetModelId: "t2", failed: true }),
    );
    expect(await set("t2")).toMatchObject({ kind: "transitionFailed", active: { modelId: "t1" }, target: { modelId: "t2" } });
    expect(await set("t3")).toMatchObject({ kind: "transitioning", target: { modelId: "t3" } });
  });

  test("gives content that comes back under a later number that number", async () => {
    await set("t1", { targetRevision: 1 });
    expect(await set("t1", { targetRevision: 3 })).toMatchObject({ kind: "defined", active: { revision: 3 } });
    expect((await model("t1"))?.revision).toBe(3);
  });

  test("keeps fields of records that it does not know", async () => {
    await set("t1");
    const key = vmodelKey("ns/v");
    const { keyValues } = await store.range({ range: { kind: "key", key } });
    const fields: unknown = JSON.parse(new TextDecoder().decode(keyValues[0]?.value));
    const value = new TextEncoder().encode(JSON.stringify(Object.assign({}, fields, { later: 1 })));
    await store.transact({ success: [putOperation(key, value)] });
    await set("t1", { modelName: "x" });
    const after = await store.range({ range: { kind: "key", key } });
    expect(JSON.parse(new TextDecoder().decode(after.keyValues[0]?.value))).toMatchObject({ later: 1, modelName: "x" });
  });

  test.each<[string, Partial<SetVModelRequest>, string]>([
    ["an expected target", { expectedTargetModelId: "t0" }, "VMODEL_TARGET_MISMATCH"],
    ["an update only", { updateOnly: true }, "VMODEL_NOT_FOUND"],
  ])("refuses %s of a vmodel that does not exist, and creates nothing", async (_what, more, reason) => {
    await expect(set("t1", more)).rejects.toMatchObject({ reason });
    expect([await getVModelStatus(store, "ns/v"), await model("t1")]).toEqual([{ kind: "notFound" }, undefined]);
  });

  test("refuses a target that is neither registered nor described", async () => {
    const request = { vmodelId: "ns/v", owner: "isvc", targetModelId: "t1", targetRevision: 1 } as const;
    await expect(setVModel(store, request)).rejects.toMatchObject({ reason: "VMODEL_TARGET_MISSING" });
  });

  test("refuses another owner, another expected target, and other attributes of a registered model", async () => {
    await set("t1");
    await expect(set("t1", { owner: "ksp" })).rejects.toMatchObject({ reason: "VMODEL_OWNED", code: "ALREADY_EXISTS" });
    await expect(set("t2", { expectedTargetModelId: "t9" })).rejects.toMatchObject({
      reason: "VMODEL_TARGET_MISMATCH",
      details: { current: "t1" },
    });
    const other = { type: "onnx", artifactDigest: "sha256:t1", parameters: { a: "2" }, runtime: "ort" };
    await expect(set("t1", { model: other })).rejects.toMatchObject({ reason: "MODEL_DIFFERS", details: { field: 'parameter "a"' } });
    expect(await set("t2", { expectedTargetModelId: "t1" })).toMatchObject({ active: { modelId: "t2" } });
  });
});

describe("deleteVModel()", () => {
  test("leaves an unknown vmodel and another owner's as they are, without an error", async () => {
    await set("t1");
    expect(await deleteVModel(store, { vmodelId: "ns/absent" })).toBe(false);
    expect(await deleteVModel(store, { vmodelId: "ns/v", owner: "ksp" })).toBe(false);
    expect(await getVModelStatus(store, "ns/v")).toMatchObject({ kind: "defined" });
  });

  test("drops both models of a transition", async () => {
    await set("t1", { autoDelete: true });
    await markLoaded("t1");
    await set("t2", { autoDelete: true });
    await deleteVModel(store, { vmodelId: "ns/v", owner: "isvc" });
    expect([await model("t1"), await model("t2")]).toEqual([undefined, undefined]);
  });
});

describe("the switch", () => {
  test("happens once, however many instances carry it out", async () => {
    await set("t1");
    await markLoaded("t1");
    await set("t2");
    const switched = await Promise.all(Array.from({ length: 8 }, () => switchTo("t2")));
    expect(switched.filter(Boolean)).toHaveLength(1);
    expect([(await model("t1"))?.references, (await model("t2"))?.references]).toEqual([0, 1]);
  });

  test("does not happen to a target that is no longer wanted, or that is not registered", async () => {
    await set("t1");
    await markLoaded("t1");
    await set("t2");
    await set("t3");
    expect(await switchTo("t2")).toBe(false);
    await store.transact({ success: [deleteOperation(modelKey("t3"))] });
    expect(await switchTo("t3")).toBe(false);
  });

  test("goes through while other writers change the models' records", async () => {
    await set("t1");
    await markLoaded("t1");
    const writers = Array.from({ length: 10 }, () => markLoaded("t1"));
    const [status] = await Promise.all([set("t2"), ...writers]);
    expect(status).toMatchObject({ kind: "transitioning" });
  });
});
