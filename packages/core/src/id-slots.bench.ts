/**
 * What one of 64 that are open costs to come, be found and leave, beside a Map, before and after a full collection of garbage. Budget: 60 ns in slots, and
 * no more after the collection. Nanoseconds, median of nine rounds, with 240 bytes of its own. Run by hand:
 * `node --expose-gc --max-semi-space-size=1 --conditions=modelyard-source packages/core/src/id-slots.bench.ts`.
 */
import { IdSlots } from "./id-slots.ts";

interface Item {
  readonly id: number;
  readonly contents: readonly number[];
}

const open = 64;
const passes = 400_000;
const slots = new IdSlots<Item>();
const map = new Map<number, Item>();
let id = 1;
const item = (): Item => ({
  id,
  contents: [id, id, id, id, id, id, id, id, id, id, id, id, id, id, id, id, id, id, id, id, id, id, id, id],
});
const ways: Readonly<Record<string, () => void>> = {
  slots() {
    slots.add(item());
    slots.get(id);
    slots.take(id - 2 * open);
  },
  map() {
    map.set(id, item());
    map.get(id);
    map.delete(id - 2 * open);
  },
  "neither, its contents alone": () => void item(),
};

function nanosOf(pass: () => void): number {
  const before = process.cpuUsage();
  for (let count = 0; count < passes; count++, id += 2) pass();
  const { user, system } = process.cpuUsage(before);
  return (1000 * (user + system)) / passes;
}

function median(pass: () => void): string {
  const samples = Array.from({ length: 9 }, () => nanosOf(pass)).toSorted((a, b) => a - b);
  return (samples[4] ?? 0).toFixed(0);
}

for (const [name, pass] of Object.entries(ways)) {
  nanosOf(pass);
  const fresh = median(pass);
  globalThis.gc?.();
  console.log(`${name}: ${fresh}, after a full collection ${median(pass)}`);
}
