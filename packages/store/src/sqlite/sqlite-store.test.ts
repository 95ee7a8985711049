import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededRandom, silentLog } from "@modelyard/core";
import { fakeClock } from "@modelyard/core/testing";
import { storeContract } from "../testing/store-contract.ts";
import { storeProperties } from "../testing/store-properties.ts";
import type { StoreUnderTest } from "../testing/store-under-test.ts";
import { sqliteStore } from "./sqlite-store.ts";

async function open(): Promise<StoreUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), "modelyard-store-"));
  const clock = fakeClock();
  const store = await sqliteStore({ path: join(folder, "state.db"), clock, log: silentLog(), random: seededRandom(1) });
  const close = async (): Promise<void> => {
    await store.close();
    await rm(folder, { recursive: true });
  };
  return { store, passSeconds: (seconds) => clock.advance(seconds * 1_000), close };
}

storeContract("SQLite", open);
storeProperties("SQLite", open, 40);
