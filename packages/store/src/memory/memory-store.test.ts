import { seededRandom } from "@modelyard/core";
import { fakeClock } from "@modelyard/core/testing";
import { storeContract } from "../testing/store-contract.ts";
import { storeProperties } from "../testing/store-properties.ts";
import type { StoreUnderTest } from "../testing/store-under-test.ts";
import { memoryStore } from "./memory-store.ts";

async function open(): Promise<StoreUnderTest> {
  const clock = fakeClock();
  const store = memoryStore({ clock, random: seededRandom(1) });
  return { store, passSeconds: (seconds) => clock.advance(seconds * 1_000), close: () => store.close() };
}

storeContract("memory", open);
storeProperties("memory", open, 500);
