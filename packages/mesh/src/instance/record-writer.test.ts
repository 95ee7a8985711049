import { failure, seededRandom } from "@modelyard/core";
import { type FakeClock, fakeClock, type RecordedLog, recordedLog } from "@modelyard/core/testing";
import { memoryStore, putOperation, type Store } from "@modelyard/store";
import { describe, expect, test } from "vitest";
import { modelKey } from "../identity.ts";
import { decodeModelRecord, encodeRecord } from "../record-codec.ts";
import type { CopyRecord, ModelRecord } from "../records.ts";
import { RegistryView } from "../registry-view.ts";
import { sampleModelRecord } from "../testing/sample-records.ts";
import { RecordWriter } from "./record-writer.ts";

const loading: CopyRecord = { state: "loading", startedAtMs: 1 };
const loaded: CopyRecord = { state: "loaded", startedAtMs: 1, loadedAtMs: 2 };

interface Bench {
  readonly clock: FakeClock;
  readonly view: RegistryView;
  readonly writer: RecordWriter;
  readonly recorded: RecordedLog;
  readonly read: (modelId: string) => Promise<ModelRecord | undefined>;
  /** Changes a record behind the writer's back. */
  readonly change: (modelId: string, record: Partial<ModelRecord>) => Promise<void>;
}

async function bench(options: { readonly modelIds: readonly string[]; readonly wrap?: (store: Store) => Store }): Promise<Bench> {
  const clock = fakeClock();
  const random = seededRandom(1);
  const store = memoryStore({ clock, random });
  const recorded = recordedLog();
  const view = new RegistryView({ log: recorded.log, onChange: () => {} });
  const wrapped = options.wrap?.(store) ?? store;
  const writer = new RecordWriter({ store: wrapped, view, instanceId: "one", clock, random, log: recorded.log, intervalMs: 100 });
  const change: Bench["change"] = async (modelId, record) => {
    await store.transact({ success: [putOperation(modelKey(modelId), encodeRecord(sampleModelRecord(record)))] });
  };
  for (const modelId of options.modelIds) await change(modelId, {});
  const { keyValues, revision } = await store.range({ range: { kind: "prefix", prefix: "mesh/" } });
  view.beginListing(revision);
  view.takeListed(keyValues);
  Array.from(view.endListing());
  const read: Bench["read"] = async (modelId) => {
    const answer = await store.range({ range: { kind: "key", key: modelKey(modelId) } });
    return answer.keyValues[0] && decodeModelRecord(answer.keyValues[0].value);
  };
  return { clock, view, writer, recorded, read, change };
}

/** Counts transactions, and holds or fails them when told to. */
function gate(): {
  readonly wrap: (store: Store) => Store;
  readonly calls: () => number;
  error: Error | undefined;
  wait: Promise<void> | undefined;
} {
  let calls = 0;
  const state = {
    error: undefined as Error | undefined,
    wait: undefined as Promise<void> | undefined,
    calls: () => calls,
    wrap: (store: Store): Store => ({
      range: (request, waiting) => store.range(request, waiting),
      watch: (request) => store.watch(request),
      compact: (revision, waiting) => store.compact(revision, waiting),
      grantLease: (request, waiting) => store.grantLease(request, waiting),
      keepAliveLease: (leaseId, waiting) => store.keepAliveLease(leaseId, waiting),
      revokeLease: (leaseId, waiting) => store.revokeLease(leaseId, waiting),
      leaseFacts: (leaseId, waiting) => store.leaseFacts(leaseId, waiting),
      close: () => store.close(),
      async transact(transaction, waiting) {
        calls++;
        await state.wait;
        if (state.error) throw state.error;
        return await store.transact(transaction, waiting);
      },
    }),
  };
  return state;
}

describe("RecordWriter", () => {
  test("writes many models in one transaction, the latest facts of each", async () => {
    const { wrap, calls } = gate();
    const modelIds = Array.from({ length: 50 }, (_, index) => `m${index}`);
    const { clock, writer, read } = await bench({ modelIds, wrap });
    for (const modelId of modelIds) {
      writer.add(modelId, { copy: loading });
      writer.add(modelId, { copy: loaded, lastUsedMs: 9 });
    }
    await clock.advance(0);
    expect(calls()).toBe(1);
    for (const modelId of modelIds) expect(await read(modelId)).toMatchObject({ copies: { one: loaded }, lastUsedMs: 9 });
  });

  test("writes nothing when the facts change nothing", async () => {
    const { wrap, calls } = gate();
    const { clock, writer } = await bench({ modelIds: ["a"], wrap });
    writer.add("a", { copy: "none", failure: "none", lastUsedMs: 5 });
    await clock.advance(1_000);
    expect([calls(), writer.pendingCount]).toEqual([0, 0]);
  });

  test("shows what it knows before, while and after it is written", async () => {
    const opened = gate();
    const held = Promise.withResolvers<void>();
    opened.wait = held.promise;
    const { clock, writer } = await bench({ modelIds: ["a"], wrap: opened.wrap });
    writer.add("a", { copy: loaded });
    expect(writer.current("a")?.copies).toEqual({ one: loaded });
    await clock.advance(0);
    expect([opened.calls(), writer.current("a")?.copies]).toEqual([1, { one: loaded }]);
    writer.add("a", { failure: { atMs: 1, error: failure("INTERNAL", {}).toPublic() } });
    expect(Object.keys(writer.current("a") ?? {})).toContain("copies");
    expect([writer.current("a")?.copies, Object.keys(writer.current("a")?.failures ?? {})]).toEqual([{ one: loaded }, ["one"]]);
    held.resolve();
    await clock.advance(1_000);
    expect(writer.current("a")).toMatchObject({ copies: { one: loaded }, failures: { one: { atMs: 1 } } });
  });

  test("keeps another's change of the same record, and writes its own over it", async () => {
    const { clock, writer, read, change } = await bench({ modelIds: ["a", "b"] });
    await change("a", { references: 7, copies: { two: loaded } });
    writer.add("a", { copy: loaded });
    writer.add("b", { copy: loaded });
    await clock.advance(1_000);
    expect(await read("a")).toMatchObject({ references: 7, copies: { one: loaded, two: loaded } });
    expect(await read("b")).toMatchObject({ copies: { one: loaded } });
  });

  test("tries again after a failed write, with the newer of the facts, and says so once", async () => {
    const opened = gate();
    const { clock, writer, read, recorded } = await bench({ modelIds: ["a"], wrap: opened.wrap });
    const held = Promise.withResolvers<void>();
    opened.wait = held.promise;
    opened.error = failure("STORE_UNAVAILABLE", { why: "test" });
    writer.add("a", { copy: loading, lastUsedMs: 1 });
    await clock.advance(0);
    writer.add("a", { copy: loaded });
    held.resolve();
    await clock.advance(20_000);
    expect([opened.calls() > 2, writer.pendingCount, recorded.records.length]).toEqual([true, 1, 1]);
    opened.error = undefined;
    await clock.advance(10_000);
    expect([await read("a"), writer.pendingCount]).toMatchObject([{ copies: { one: loaded }, lastUsedMs: 1 }, 0]);
  });

  test("drops facts about a model that is not, or no longer, registered", async () => {
    const { clock, writer, read } = await bench({ modelIds: [] });
    writer.add("gone", { copy: loaded });
    await clock.advance(1_000);
    expect([writer.pendingCount, await read("gone")]).toEqual([0, undefined]);
  });

  test("writes what waits when it is closed, but does not wait for a store that is away", async () => {
    const opened = gate();
    const { clock, writer, read } = await bench({ modelIds: ["a", "b"], wrap: opened.wrap });
    writer.add("a", { copy: loaded });
    await Promise.all([writer.close(1_000), clock.advance(1_000)]);
    expect((await read("a"))?.copies).toEqual({ one: loaded });
    const other = await bench({ modelIds: ["a"], wrap: opened.wrap });
    opened.error = failure("STORE_UNAVAILABLE", { why: "test" });
    other.writer.add("a", { copy: loaded });
    await Promise.all([other.writer.close(1_000), other.clock.advance(1_000)]);
    expect((await other.read("a"))?.copies).toEqual({});
  });
});
