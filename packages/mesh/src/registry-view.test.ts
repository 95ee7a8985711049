import { recordedLog } from "@modelyard/core/testing";
import type { KeyValue } from "@modelyard/store";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeRecord } from "./record-codec.ts";
import type { ModelRecord, VModelRecord } from "./records.ts";
import { type RegistryChange, RegistryView } from "./registry-view.ts";
import { sampleModelRecord, sampleVModelRecord } from "./testing/sample-records.ts";

const encoder = new TextEncoder();

function model(revision: number): ModelRecord {
  return sampleModelRecord({ revision });
}

function vmodel(activeModelId: string, targetModelId = activeModelId): VModelRecord {
  return sampleVModelRecord(activeModelId, { targetModelId });
}

function keyValue(key: string, value: ModelRecord | VModelRecord | string, modRevision: number): KeyValue {
  const bytes = typeof value === "string" ? encoder.encode(value) : encodeRecord(value);
  return { key, value: bytes, createRevision: 1, modRevision, version: 1, leaseId: 0 };
}

function put(...args: Parameters<typeof keyValue>): { readonly kind: "put"; readonly keyValue: KeyValue } {
  return { kind: "put", keyValue: keyValue(...args) };
}

function gone(key: string, modRevision: number): { readonly kind: "delete"; readonly keyValue: KeyValue } {
  return { kind: "delete", keyValue: { ...keyValue(key, "", modRevision), value: new Uint8Array() } };
}

function open(): {
  readonly view: RegistryView;
  readonly changes: RegistryChange[];
  readonly records: ReturnType<typeof recordedLog>["records"];
} {
  const changes: RegistryChange[] = [];
  const { log, records } = recordedLog();
  return { view: new RegistryView({ log, onChange: (change) => changes.push(change) }), changes, records };
}

/** Takes a whole listing at once. */
function reset(view: RegistryView, keyValues: readonly KeyValue[], revision: number): void {
  view.beginListing(revision);
  view.takeListed(keyValues);
  Array.from(view.endListing());
}

const a1 = "ns/a__isvc-1";
const a2 = "ns/a__isvc-2";

describe("RegistryView", () => {
  test("is ready after the first reading, also of an empty store", () => {
    const { view } = open();
    expect(view.isReady).toBe(false);
    reset(view, [], 1);
    expect(view.isReady).toBe(true);
  });

  test("shows the changes of one batch together, and reports them once", () => {
    const { view, changes } = open();
    reset(
      view,
      [
        keyValue(`mesh/registry/${a1}`, model(1), 2),
        keyValue(`mesh/registry/${a2}`, model(2), 2),
        keyValue("mesh/vmodels/ns/a", vmodel(a1, a2), 2),
      ],
      2,
    );
    const { epoch } = view.routes;
    const before = changes.length;
    view.apply({ revision: 3, events: [gone(`mesh/registry/${a1}`, 3), put("mesh/vmodels/ns/a", vmodel(a2), 3)] });
    expect(view.routes.find("ns", "a")?.active.modelId).toBe(a2);
    expect([view.models.has(a1), view.routes.epoch, changes.length]).toEqual([false, epoch + 1, before + 1]);
    expect(changes.at(-1)).toMatchObject({ models: new Set([a1]), vmodels: new Set(["ns/a"]) });
  });

  test("does not grow the epoch for what no request sees", () => {
    const { view } = open();
    reset(view, [keyValue(`mesh/registry/${a1}`, model(1), 2), keyValue("mesh/vmodels/ns/a", vmodel(a1), 2)], 2);
    const { epoch } = view.routes;
    view.apply({ revision: 3, events: [put(`mesh/registry/${a1}`, { ...model(1), lastUsedMs: 5 }, 3)] });
    expect(view.routes.epoch).toBe(epoch);
  });

  test("takes a write of its own ahead of the watch, and is not set back by the watch that repeats what was before", () => {
    const { view } = open();
    reset(view, [keyValue(`mesh/registry/${a1}`, model(1), 2)], 2);
    view.note(a1, { record: model(7), modRevision: 4 });
    view.apply({ revision: 3, events: [put(`mesh/registry/${a1}`, model(5), 3)] });
    expect(view.models.get(a1)).toEqual({ record: model(7), modRevision: 4 });
    view.apply({ revision: 5, events: [put(`mesh/registry/${a1}`, model(8), 5)] });
    expect(view.models.get(a1)?.record.revision).toBe(8);
  });

  test("does not bring back a model that was deleted after a write of its own that it hears of late", () => {
    const { view } = open();
    reset(view, [keyValue(`mesh/registry/${a1}`, model(1), 2)], 2);
    view.apply({ revision: 4, events: [put(`mesh/registry/${a1}`, model(7), 3), gone(`mesh/registry/${a1}`, 4)] });
    view.note(a1, { record: model(7), modRevision: 3 });
    expect(view.models.has(a1)).toBe(false);
  });

  test("drops at a reset what is not listed, but not what it wrote after the list was made", () => {
    const { view, changes } = open();
    reset(
      view,
      [
        keyValue(`mesh/registry/${a1}`, model(1), 2),
        keyValue(`mesh/registry/${a2}`, model(2), 2),
        keyValue("mesh/vmodels/ns/a", vmodel(a1), 2),
      ],
      2,
    );
    view.note(a2, { record: model(2), modRevision: 9 });
    const before = changes.length;
    reset(view, [], 5);
    expect([view.models.has(a1), view.models.has(a2), view.routes.list()]).toEqual([false, true, []]);
    expect(changes.slice(before).flatMap(({ models }) => [...models])).toEqual([a1]);
  });

  test("believes a store that lost its history: what it knew of the other one is gone", () => {
    const { view, changes } = open();
    reset(
      view,
      [
        keyValue(`mesh/registry/${a1}`, model(1), 90),
        keyValue(`mesh/registry/${a2}`, model(2), 80),
        keyValue("mesh/vmodels/ns/a", vmodel(a1), 90),
      ],
      100,
    );
    const before = changes.length;
    reset(view, [keyValue(`mesh/registry/${a2}`, model(7), 3), keyValue("mesh/vmodels/ns/a", vmodel(a2), 3)], 4);
    expect(view.models.has(a1)).toBe(false);
    expect(view.models.get(a2)?.record.revision).toBe(7);
    expect(view.routes.find("ns", "a")?.active.modelId).toBe(a2);
    expect(changes.slice(before).flatMap(({ models }) => [...models])).toEqual([a2, a1]);
    view.apply({ revision: 5, events: [gone("mesh/vmodels/ns/a", 5)] });
    expect(view.routes.list()).toEqual([]);
  });

  test("leaves a malformed record out, says so, and goes on", () => {
    const { view, records } = open();
    reset(
      view,
      [
        keyValue(`mesh/registry/${a1}`, "{}", 2),
        keyValue(`mesh/registry/${a2}`, model(2), 2),
        keyValue("mesh/vmodels/ns/a", "nonsense", 2),
      ],
      2,
    );
    expect([[...view.models.keys()], view.vmodels.size]).toEqual([[a2], 0]);
    expect(records.map((one) => one["key"])).toEqual([`mesh/registry/${a1}`, "mesh/vmodels/ns/a"]);
  });

  test("serves kept revisions beside the active one, newest first, but not the target of a transition", () => {
    const { view } = open();
    const ids = [1, 2, 3, 4].map((number) => `ns/a__isvc-${number}`);
    const models = ids.map((id, index) => keyValue(`mesh/registry/${id}`, model(index + 1), 2));
    reset(view, [...models, keyValue("mesh/vmodels/ns/a", vmodel(a2, "ns/a__isvc-4"), 2)], 2);
    expect(view.routes.find("ns", "a")?.revisions.map((one) => one.modelId)).toEqual([a2, "ns/a__isvc-3", a1]);
  });

  test("knows which vmodels refer to a model", () => {
    const { view } = open();
    reset(view, [keyValue("mesh/vmodels/ns/a", vmodel(a1, a2), 2), keyValue("mesh/vmodels/ns/b", vmodel(a2), 2)], 2);
    expect(view.referrersOf(a2)).toEqual(new Set(["ns/a", "ns/b"]));
    view.apply({ revision: 3, events: [put("mesh/vmodels/ns/a", vmodel(a1), 3), gone("mesh/vmodels/ns/b", 3)] });
    expect([view.referrersOf(a2), view.referrersOf(a1)]).toEqual([new Set(), new Set(["ns/a"])]);
  });

  test("takes a listing in parts: every route on the way is one of before or of after, and its model is known", () => {
    const service = fc.option(fc.constantFrom(a1, a2, "ns/b__isvc-1"), { nil: undefined });
    const state = fc.record({ a: service, b: service, isOther: fc.boolean() });
    fc.assert(
      fc.property(state, state, fc.integer({ min: 1, max: 4 }), (before, after, partSize) => {
        const { view } = open();
        reset(view, listOf(before, 10), 10);
        const known = routesOf(view);
        // A store that lost its history starts again below.
        const revision = after.isOther ? 5 : 20;
        const listed = listOf(after, revision);
        const fresh = open().view;
        reset(fresh, listed, revision);
        const expectWhole = (): void => {
          for (const [name, modelId] of routesOf(view)) {
            expect([known.get(name), routesOf(fresh).get(name)]).toContain(modelId);
            expect(view.models.has(modelId)).toBe(true);
          }
        };
        view.beginListing(revision);
        for (let first = 0; first < listed.length; first += partSize) {
          view.takeListed(listed.slice(first, first + partSize));
          expectWhole();
        }
        for (const _ of view.endListing()) expectWhole();
        expect(routesOf(view)).toEqual(routesOf(fresh));
        expect(new Set(view.models.keys())).toEqual(new Set(fresh.models.keys()));
      }),
    );
  });

  test("keeps what it wrote itself while another history is listed, and forgets the rest, also when the listing is begun again", () => {
    const { view } = open();
    reset(view, [keyValue(`mesh/registry/${a1}`, model(1), 90), keyValue(`mesh/registry/${a2}`, model(2), 90)], 100);
    view.beginListing(5);
    view.takeListed([keyValue(`mesh/registry/${a1}`, model(7), 3)]);
    view.note(a1, { record: model(8), modRevision: 6 });
    expect(view.models.get(a1)).toEqual({ record: model(8), modRevision: 6 });
    view.beginListing(7);
    view.takeListed([keyValue(`mesh/registry/${a1}`, model(8), 6)]);
    view.note(a1, { record: model(9), modRevision: 8 });
    Array.from(view.endListing());
    expect([view.models.get(a1)?.record.revision, view.models.has(a2)]).toEqual([9, false]);
  });
});

interface Services {
  readonly a: string | undefined;
  readonly b: string | undefined;
}

/** A store with services of namespace `ns`, in the order of the keys. */
function listOf({ a, b }: Services, modRevision: number): readonly KeyValue[] {
  const ids = [...new Set([a, b].filter((id) => id !== undefined))].toSorted();
  return [
    ...ids.map((id) => keyValue(`mesh/registry/${id}`, model(1), modRevision)),
    ...(a === undefined ? [] : [keyValue("mesh/vmodels/ns/a", vmodel(a), modRevision)]),
    ...(b === undefined ? [] : [keyValue("mesh/vmodels/ns/b", vmodel(b), modRevision)]),
  ];
}

function routesOf(view: RegistryView): ReadonlyMap<string, string> {
  return new Map(view.routes.list().map(({ name, active }) => [name, active.modelId]));
}
