import { failure, seededRandom } from "@modelyard/core";
import { fakeClock } from "@modelyard/core/testing";
import { describe, expect, test } from "vitest";
import type { KeyValue, Store, WatchBatch } from "./contract.ts";
import { type ListAndWatchOptions, listAndWatch } from "./list-and-watch.ts";
import { listPrefix } from "./list-prefix.ts";
import { memoryStore } from "./memory/memory-store.ts";
import { delegatingStore, pairs, put, remove, text } from "./testing/store-under-test.ts";

/** A copy of a prefix as a user of `listAndWatch` keeps it. */
class Copy {
  readonly entries = new Map<string, string | undefined>();
  resets = 0;
  #changed = Promise.withResolvers<void>();

  onReset = (keyValues: readonly KeyValue[]): void => {
    this.resets++;
    this.entries.clear();
    for (const one of keyValues) this.entries.set(one.key, text(one));
    this.#tell();
  };

  onEvents = ({ events }: WatchBatch): void => {
    for (const { kind, keyValue } of events) {
      if (kind === "put") this.entries.set(keyValue.key, text(keyValue));
      else this.entries.delete(keyValue.key);
    }
    this.#tell();
  };

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.#changed.promise;
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}

function setUp(): { readonly store: Store; readonly clock: ReturnType<typeof fakeClock>; readonly stop: AbortController } {
  const clock = fakeClock();
  return { store: memoryStore({ clock, random: seededRandom(1) }), clock, stop: new AbortController() };
}

describe("listAndWatch()", () => {
  const optionsOf = (
    { clock, stop }: ReturnType<typeof setUp>,
    callbacks: Pick<ListAndWatchOptions, "onReset" | "onEvents">,
  ): ListAndWatchOptions => ({ clock, random: seededRandom(2), signal: stop.signal, ...callbacks });

  test("gives what is there, then every change, and ends with its signal", async () => {
    const given = setUp();
    const { store, stop } = given;
    await put(store, "p/a", "1");
    await put(store, "other", "x");
    const copy = new Copy();
    const running = listAndWatch(store, "p/", optionsOf(given, copy));
    await copy.until(() => copy.entries.get("p/a") === "1");
    await put(store, "p/b", "2");
    await put(store, "p/a", "3");
    await remove(store, "p/b");
    await copy.until(() => copy.entries.get("p/a") === "3" && copy.entries.size === 1);
    stop.abort();
    await running;
    expect([...copy.entries]).toEqual([["p/a", "3"]]);
    expect(copy.resets).toBe(1);
  });

  test("lists again when its history was lost", async () => {
    const given = setUp();
    const { store, clock, stop } = given;
    const copy = new Copy();
    const gate = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    let isHeld = true;
    const onEvents = async (batch: WatchBatch): Promise<void> => {
      held.resolve();
      if (isHeld) await gate.promise;
      copy.onEvents(batch);
    };
    const running = listAndWatch(store, "p/", { ...optionsOf(given, { onReset: copy.onReset, onEvents }), maxBufferedEvents: 3 });
    await copy.until(() => copy.resets === 1);
    await put(store, "p/0", "0");
    await held.promise;
    for (let index = 1; index < 20; index++) await put(store, `p/${index}`, String(index));
    isHeld = false;
    gate.resolve();
    await clock.advance(1_000);
    await copy.until(() => copy.entries.size === 20);
    expect(copy.resets).toBe(2);
    stop.abort();
    await running;
  });

  test("tries again, with pauses, while the store is not reachable", async () => {
    const given = setUp();
    const { store, clock, stop } = given;
    await put(store, "p/a", "1");
    let failures = 3;
    const flaky: Store = {
      ...delegatingStore(store),
      range(request, options) {
        if (failures-- > 0) return Promise.reject(failure("STORE_UNAVAILABLE", { why: "test" }));
        return store.range(request, options);
      },
    };
    const copy = new Copy();
    const running = listAndWatch(flaky, "p/", optionsOf(given, copy));
    await clock.advance(0);
    expect(copy.resets).toBe(0);
    await clock.advance(1_000);
    expect([...copy.entries]).toEqual([["p/a", "1"]]);
    stop.abort();
    await running;
  });

  test("gives up after as many failures in a row as it may have", async () => {
    const given = setUp();
    const unreachable: Store = {
      ...delegatingStore(given.store),
      range: () => Promise.reject(failure("STORE_UNAVAILABLE", { why: "test" })),
    };
    const running = listAndWatch(unreachable, "p/", { ...optionsOf(given, new Copy()), maxFailures: 2 });
    const ended = expect(running).rejects.toMatchObject({ reason: "STORE_UNAVAILABLE" });
    await given.clock.advance(10_000);
    await ended;
  });

  test("ends when the store is closed, and when a callback throws", async () => {
    const given = setUp();
    const copy = new Copy();
    const running = listAndWatch(given.store, "", optionsOf(given, copy));
    await copy.until(() => copy.resets === 1);
    const onReset = (): void => {
      throw new Error("defect of the caller");
    };
    await expect(listAndWatch(given.store, "", optionsOf(given, { onReset, onEvents: copy.onEvents }))).rejects.toThrow(
      "defect of the caller",
    );
    await given.store.close();
    await expect(running).rejects.toMatchObject({ reason: "STORE_CLOSED" });
  });
});

describe("listPrefix()", () => {
  test("lists page by page at one revision", async () => {
    const { store } = setUp();
    for (let index = 0; index < 7; index++) await put(store, `p/${index}`, "old");
    await put(store, "q");
    let pages = 0;
    const disturbed: Store = {
      ...delegatingStore(store),
      async range(request, options) {
        const page = await store.range(request, options);
        pages++;
        await put(store, `p/${pages}`, "new");
        await remove(store, "p/6");
        return page;
      },
    };
    const { keyValues } = await listPrefix(disturbed, "p/", { pageKeys: 3 });
    expect(pages).toBe(3);
    expect(pairs(keyValues)).toEqual(Array.from({ length: 7 }, (_, index) => `p/${index}=old`));
  });
});
