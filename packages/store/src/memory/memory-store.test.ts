import { seededRandom } from "@modelyard/core";
import { fakeClock } from "@modelyard/core/testing";
import { expect, test } from "vitest";
import { storeContract } from "../testing/store-contract.ts";
import { storeProperties } from "../testing/store-properties.ts";
import type { StoreUnderTest } from "../testing/store-under-test.ts";
import { memoryStore } from "./memory-store.ts";

async function open(): Promise<StoreUnderTest> {
  const clock = fakeClock();
  const store = memoryStore({ clock, random: seededRandom(1) });
  return { store, passSeconds: (seconds) => clock.advance(seconds * 1_000), close: () => store.close() };
}

test("keeping a lease alive holds one timer, not one more each time", async () => {
  const clock = fakeClock();
  const store = memoryStore({ clock, random: seededRandom(1) });
  const { leaseId } = await store.grantLease({ ttlSeconds: 60 });
  for (let count = 0; count < 20; count++) await store.keepAliveLease(leaseId);
  expect(clock.pending).toBe(1);
  await store.close();
  expect(clock.pending).toBe(0);
});

storeContract("memory", open);
storeProperties("memory", open, 500);
