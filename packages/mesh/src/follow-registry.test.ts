import { type Clock, seededRandom } from "@modelyard/core";
import { fakeClock, recordedLog } from "@modelyard/core/testing";
import { memoryStore, putOperation, type Store } from "@modelyard/store";
import { describe, expect, test } from "vitest";
import { followRegistry } from "./follow-registry.ts";
import { modelKey } from "./identity.ts";
import { encodeRecord } from "./record-codec.ts";
import { RegistryView } from "./registry-view.ts";
import { sampleModelRecord } from "./testing/sample-records.ts";

const record = sampleModelRecord();
/** What one turn of the event loop may read: the rest of one page and the beginning of the next, which come without a turn from a store in memory. */
const mostInOneTurn = 200;

async function register(store: Store, from: number, to: number): Promise<void> {
  for (let first = from; first < to; first += 100) {
    const ids = Array.from({ length: 100 }, (_, index) => `ns/m-${first + index}__isvc-0`);
    await store.transact({ success: ids.map((id) => putOperation(modelKey(id), encodeRecord(record))) });
  }
}

/** Counts the records of which each turn of the event loop tells. */
function open(): {
  readonly clock: ReturnType<typeof fakeClock>;
  readonly store: Store;
  readonly view: RegistryView;
  readonly turns: number[];
  readonly follow: () => { end(): Promise<void> };
} {
  const clock = fakeClock();
  const turns = [0];
  const turning: Clock = {
    ...clock,
    setTimer: (delayMs, callback) =>
      clock.setTimer(delayMs, () => {
        turns.push(0);
        callback();
      }),
  };
  const { log } = recordedLog();
  const random = seededRandom(1);
  const store = memoryStore({ clock, random });
  const onChange = ({ models }: { readonly models: ReadonlySet<string> }): void => {
    turns.push((turns.pop() ?? 0) + models.size);
  };
  const view = new RegistryView({ log, onChange });
  return {
    clock,
    store,
    view,
    turns,
    follow() {
      const stop = new AbortController();
      const following = followRegistry(view, { store, clock: turning, random, log, signal: stop.signal });
      return {
        async end() {
          stop.abort();
          await following;
        },
      };
    },
  };
}

describe("followRegistry()", () => {
  test("reads a long list a slice in each turn of the event loop, and is ready when all of it is there", async () => {
    const { clock, store, view, turns, follow } = open();
    await register(store, 0, 3_000);
    const following = follow();
    await clock.advance(0);
    expect([view.isReady, view.models.size]).toEqual([true, 3_000]);
    expect(turns.reduce((sum, one) => sum + one, 0)).toBe(3_000);
    expect(Math.max(...turns)).toBeLessThanOrEqual(mostInOneTurn);
    await following.end();
  });

  test("takes many changes at once a slice in each turn of the event loop", async () => {
    const { clock, store, view, turns, follow } = open();
    const following = follow();
    await clock.advance(0);
    turns.length = 0;
    turns.push(0);
    await register(store, 0, 3_000);
    await clock.advance(0);
    expect(view.models.size).toBe(3_000);
    expect(Math.max(...turns)).toBeLessThanOrEqual(mostInOneTurn);
    await following.end();
  });

  test("drops what a second listing no longer has a part in each turn of the event loop", async () => {
    const { clock, store, view, turns, follow } = open();
    await register(store, 0, 3_000);
    const first = follow();
    await clock.advance(0);
    await first.end();
    await store.transact({ success: [{ kind: "delete", range: { kind: "prefix", prefix: modelKey("ns/m-1") } }] });
    turns.length = 0;
    turns.push(0);
    const second = follow();
    await clock.advance(0);
    expect(view.models.size).toBe(3_000 - 1_111);
    expect(Math.max(...turns)).toBeLessThanOrEqual(1_000);
    await second.end();
  });
});
