/** One suite for every transport of the resource client: in process over the store, and over HTTP through the API server. */
import {
  fieldProblemsOf,
  type InferenceService,
  inferenceServiceKind,
  type Model,
  modelKind,
  namespaceKind,
  type ServingRuntime,
  servingRuntimeKind,
} from "@modelyard/api";
import { PlatformError } from "@modelyard/core";
import type { KubernetesObject, ObjectEvent, ResourceClient } from "@modelyard/resources";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type RunningControl, runControl } from "./testing/running-control.ts";

let running: RunningControl;
let counter = 0;
let namespace = "";

beforeAll(async () => {
  running = await runControl();
});
afterAll(() => running.close());
beforeEach(() => {
  namespace = `ns-${counter++}`;
});

/** Not deployed, so that no reconciler touches the spec. */
const model = (name: string, more: Partial<Model["metadata"]> = {}, uri = "file:///m.onnx"): Model => ({
  apiVersion: "modelyard.dev/v1alpha1",
  kind: "Model",
  metadata: { name, namespace, ...more },
  spec: { source: { uri }, deploy: false },
});

/** No reconciler writes it. */
const runtime = (name: string, labels: Readonly<Record<string, string>> = {}): ServingRuntime => ({
  apiVersion: "serving.kserve.io/v1alpha1",
  kind: "ServingRuntime",
  metadata: { name, namespace, labels },
  spec: { containers: [] },
});

async function reasonOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "none";
  } catch (error) {
    return PlatformError.is(error) ? error.reason : String(error);
  }
}

/** The first `count` events that are meant, then the watch is left. */
async function take(
  events: AsyncIterable<ObjectEvent<KubernetesObject>>,
  count: number,
  isMeant: (event: ObjectEvent<KubernetesObject>) => boolean = () => true,
): Promise<string[]> {
  const seen: string[] = [];
  for await (const event of events) {
    if (event.type !== "BOOKMARK" && isMeant(event)) seen.push(`${event.type} ${event.object.metadata.name}`);
    if (seen.length === count) break;
  }
  return seen;
}

describe.each(["local", "http"] as const)("%s resource client", (transport) => {
  const client = (): ResourceClient => running[transport];

  test("gives a created object its identity and reads it back", async () => {
    const created = await client().create(modelKind, model("one"));
    expect(created.metadata).toMatchObject({ namespace, generation: 1, uid: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    const read = await client().get(modelKind, { namespace, name: "one" });
    expect({ ...read, status: undefined }).toMatchObject({
      ...created,
      metadata: { ...created.metadata, resourceVersion: expect.any(String) },
    });
  });

  test("makes a name from generateName", async () => {
    const created = await client().create(modelKind, model("", { generateName: "run-" }));
    expect(created.metadata.name).toMatch(/^run-[a-z0-9]{5}$/);
  });

  test("names the condition of each refusal", async () => {
    await client().create(modelKind, model("one"));
    const current = await client().get(modelKind, { namespace, name: "one" });
    expect(await reasonOf(client().create(modelKind, model("one")))).toBe("RESOURCE_EXISTS");
    expect(await reasonOf(client().get(modelKind, { namespace, name: "two" }))).toBe("RESOURCE_NOT_FOUND");
    expect(await reasonOf(client().update(modelKind, model("two")))).toBe("RESOURCE_NOT_FOUND");
    expect(await reasonOf(client().delete(modelKind, { namespace, name: "two" }))).toBe("RESOURCE_NOT_FOUND");
    const stale = { ...current, metadata: { ...current.metadata, resourceVersion: "1" } };
    expect(await reasonOf(client().update(modelKind, stale))).toBe("RESOURCE_CONFLICT");
    expect(await reasonOf(client().delete(modelKind, { namespace, name: "one" }, { resourceVersion: "1" }))).toBe("RESOURCE_CONFLICT");
    const other = { ...current, metadata: { ...current.metadata, uid: "other" } };
    expect(await reasonOf(client().update(modelKind, other))).toBe("RESOURCE_CONFLICT");
    expect(await reasonOf(client().list(modelKind, { labelSelector: "a=b=c" }))).not.toBe("none");
  });

  test("names every wrong field of a refused object", async () => {
    const wrong = { ...model("one"), spec: { source: {}, precision: "fp64" } } as unknown as Model;
    const error: unknown = await client()
      .create(modelKind, wrong)
      .catch((cause: unknown) => cause);
    expect(fieldProblemsOf(error).map(({ field, reason }) => [field, reason])).toEqual([
      ["spec.source", "FieldValueRequired"],
      ["spec.precision", "FieldValueNotSupported"],
    ]);
  });

  test("counts changes of the spec as generations, and writes status apart", async () => {
    const created = await client().create(modelKind, { ...model("one"), status: { phase: "Failed" } });
    expect(created.status).toBeUndefined();
    const { status } = await client().updateStatus(modelKind, {
      ...model("one", { labels: { a: "b" } }, "file:///other"),
      status: { digest: "d" },
    });
    expect(status).toMatchObject({ digest: "d" });
    const labelled = await client().update(modelKind, model("one", { labels: { a: "b" } }));
    expect(labelled).toMatchObject({ metadata: { generation: 1, labels: { a: "b" } }, spec: { source: { uri: "file:///m.onnx" } } });
    expect((await client().update(modelKind, model("one", {}, "file:///other"))).metadata.generation).toBe(2);
  });

  test("writes nothing when nothing changes", async () => {
    await client().create(namespaceKind, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels: { a: "b" } } });
    const before = await client().get(namespaceKind, { name: namespace });
    expect((await client().update(namespaceKind, before)).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  });

  test("keeps fields it does not know", async () => {
    await client().create(modelKind, { ...model("one"), spec: { ...model("one").spec, novelty: { deep: [1] } } });
    expect((await client().get(modelKind, { namespace, name: "one" })).spec["novelty"]).toEqual({ deep: [1] });
  });

  test("holds a deleted object until its last finalizer is gone", async () => {
    await client().create(modelKind, model("one", { finalizers: ["example.com/hold"] }));
    const deleted = await client().delete(modelKind, { namespace, name: "one" });
    expect(deleted.metadata.deletionTimestamp).toMatch(/^\d{4}-.*Z$/);
    const held = await client().get(modelKind, { namespace, name: "one" });
    await client().update(modelKind, { ...held, metadata: { ...held.metadata, finalizers: [] } });
    expect(await reasonOf(client().get(modelKind, { namespace, name: "one" }))).toBe("RESOURCE_NOT_FOUND");
  });

  test("selects by labels and fields, in one namespace or in all", async () => {
    await client().create(modelKind, model("one", { labels: { tier: namespace } }));
    await client().create(modelKind, model("two", { labels: { tier: "other" } }));
    const names = async (options: object): Promise<string[]> =>
      (await client().list(modelKind, options)).items.map((one) => one.metadata.name);
    expect(await names({ namespace })).toEqual(["one", "two"]);
    expect(await names({ labelSelector: `tier in (${namespace})` })).toEqual(["one"]);
    expect(await names({ namespace, fieldSelector: "metadata.name=two" })).toEqual(["two"]);
    expect(await names({ namespace, labelSelector: "!tier" })).toEqual([]);
  });

  test("gives pages that all stand at the revision of the first", async () => {
    for (const name of ["a", "b", "c"]) await client().create(modelKind, model(name));
    const first = await client().list(modelKind, { namespace, limit: 2 });
    await client().create(modelKind, model("bb"));
    await client().delete(modelKind, { namespace, name: "c" });
    const rest = await client().list(modelKind, { namespace, limit: 2, continue: first.continue ?? "" });
    expect([...first.items, ...rest.items].map((one) => one.metadata.name)).toEqual(["a", "b", "c"]);
    expect([rest.continue, rest.resourceVersion]).toEqual([undefined, first.resourceVersion]);
  });

  test("refuses a continue token it did not give", async () => {
    expect(await reasonOf(client().list(modelKind, { namespace, continue: "bm9uc2Vuc2U" }))).not.toBe("none");
  });

  test("watches from a resource version: every change after it, once and in order", async () => {
    await client().create(servingRuntimeKind, runtime("before"));
    const { resourceVersion } = await client().list(servingRuntimeKind, { namespace });
    await client().create(servingRuntimeKind, runtime("one"));
    await client().update(servingRuntimeKind, runtime("one", { a: "b" }));
    await client().delete(servingRuntimeKind, { namespace, name: "one" });
    const seen = await take(client().watch(servingRuntimeKind, { namespace, resourceVersion }), 3);
    expect(seen).toEqual(["ADDED one", "MODIFIED one", "DELETED one"]);
  });

  test("watches without a resource version: first what is there", async () => {
    await client().create(modelKind, model("one"));
    const watched = take(client().watch(modelKind, { namespace, labelSelector: "!late" }), 2, ({ type }) => type === "ADDED");
    await client().create(modelKind, model("late", { labels: { late: "yes" } }));
    await client().create(modelKind, model("two"));
    expect(await watched).toEqual(["ADDED one", "ADDED two"]);
  });

  test("reports an object that begins or ceases to match a selector", async () => {
    const { resourceVersion } = await client().list(modelKind, { namespace });
    await client().create(modelKind, model("one"));
    await client().update(modelKind, model("one", { labels: { shown: "yes" } }));
    await client().update(modelKind, model("one"));
    const watched = take(
      client().watch(modelKind, { namespace, labelSelector: "shown=yes", resourceVersion }),
      2,
      ({ type }) => type !== "MODIFIED",
    );
    expect(await watched).toEqual(["ADDED one", "DELETED one"]);
  });

  test("ends a watch when its signal is aborted", async () => {
    const stop = new AbortController();
    const watched = take(client().watch(modelKind, { namespace, signal: stop.signal }), 1);
    stop.abort();
    expect(await watched).toEqual([]);
  });

  test("says that a resource version expired when its history is gone, or was never there", async () => {
    const { resourceVersion } = await client().list(modelKind, { namespace });
    await client().create(modelKind, model("one"));
    const now = await client().get(modelKind, { namespace, name: "one" });
    await running.store.compact(Number(now.metadata.resourceVersion));
    expect(await reasonOf(take(client().watch(modelKind, { namespace, resourceVersion }), 1))).toBe("RESOURCE_EXPIRED");
    expect(await reasonOf(take(client().watch(modelKind, { namespace, resourceVersion: "999999999" }), 1))).toBe("RESOURCE_EXPIRED");
  });

  test("takes a whole InferenceService with every area KServe has", async () => {
    const service: InferenceService = {
      apiVersion: "serving.kserve.io/v1beta1",
      kind: "InferenceService",
      metadata: { name: "wide", namespace, annotations: { "serving.kserve.io/autoscalerClass": "none" } },
      spec: {
        predictor: {
          minReplicas: 0,
          scaleMetric: "concurrency",
          logger: { mode: "all", url: "http://log" },
          model: { modelFormat: { name: "none" }, storageUri: "file:///nowhere", resources: { limits: { memory: "1Gi" } } },
        },
        transformer: { containers: [{ name: "t", image: "t", env: [{ name: "A", value: "b" }] }] },
        canary: [{ predictor: { name: "next", model: { modelFormat: { name: "none" } } }, trafficPercent: 10 }],
      },
    };
    expect((await client().create(inferenceServiceKind, service)).spec).toEqual(service.spec);
  });
});
