import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { expect, test } from "vitest";
import { IdSlots } from "./id-slots.ts";

interface Item {
  readonly id: number;
}

test("finds what a map finds, whatever ids come and go", () => {
  // Ids that are apart by a power of two all want the same slot.
  const id = fc.oneof(
    fc.integer({ min: 0, max: 80 }),
    fc.integer({ min: 0, max: 30 }).map((step) => 1 + step * 512),
  );
  const steps = fc.array(fc.record({ id, isLeaving: fc.boolean() }), { maxLength: 400 });
  fc.assert(
    fc.property(steps, (all) => {
      const [slots, model] = [new IdSlots<Item>(), new Map<number, Item>()];
      for (const step of all) {
        if (step.isLeaving) {
          expect(slots.take(step.id)).toBe(model.get(step.id));
          model.delete(step.id);
        } else if (!model.has(step.id)) {
          const item = { id: step.id };
          slots.add(item);
          model.set(step.id, item);
        }
        expect(slots.size).toBe(model.size);
        expect(slots.get(step.id)).toBe(model.get(step.id));
      }
      expect(slots.all().toSorted((one, other) => one.id - other.id)).toEqual(
        [...model.values()].toSorted((one, other) => one.id - other.id),
      );
      for (const [key, item] of model) expect(slots.get(key)).toBe(item);
    }),
  );
});

test("a thousand come, and go while they are looked at", () => {
  const slots = new IdSlots<Item>();
  for (let id = 1; id < 2000; id += 2) slots.add({ id });
  expect(slots.size).toBe(1000);
  for (const item of slots.all()) expect(slots.take(item.id)).toBe(item);
  expect(slots.size).toBe(0);
  expect(slots.all().toSorted((one, other) => one.id - other.id)).toEqual([]);
  slots.add({ id: 2001 });
  expect(slots.has(2001)).toBe(true);
});

test("what comes after a full collection of garbage is not kept until the next one", () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as (options?: { readonly type: "minor" }) => void;
  const slots = new IdSlots<Item>();
  let id = 1;
  const pass = (count: number): void => {
    for (let passed = 0; passed < count; passed++, id += 2) {
      slots.add({ id, contents: Array.from({ length: 20 }, () => id) } as Item);
      slots.take(id - 128);
      if (passed % 128 === 0) collect({ type: "minor" });
    }
  };
  pass(1_000);
  collect();
  const before = oldBytes();
  pass(20_000);
  // In a map half of them would be kept: 4 MiB.
  expect(oldBytes() - before).toBeLessThan(2 ** 19);
});

function oldBytes(): number {
  return getHeapSpaceStatistics().find((space) => space.space_name === "old_space")?.space_used_size ?? 0;
}
