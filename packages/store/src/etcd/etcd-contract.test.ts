import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, seededRandom, silentLog, systemClock, systemRandom } from "@modelyard/core";
import { type FakeClock, fakeClock } from "@modelyard/core/testing";
import { connectPeer, type PeerAddress } from "@modelyard/wire";
import { afterAll, beforeAll, describe, test } from "vitest";
import type { Store } from "../contract.ts";
import { memoryStore } from "../memory/memory-store.ts";
import { sqliteStore } from "../sqlite/sqlite-store.ts";
import { isInstalled, type RealEtcd, startRealEtcd } from "../testing/real-etcd.ts";
import { storeContract } from "../testing/store-contract.ts";
import { storeProperties } from "../testing/store-properties.ts";
import type { StoreUnderTest } from "../testing/store-under-test.ts";
import { etcdClient } from "./client/etcd-client.ts";
import { serveEtcd } from "./server/serve-etcd.ts";

interface Client {
  readonly store: Store;
  close(): Promise<void>;
}

function connect(address: PeerAddress): Client {
  const deps = { clock: systemClock(), log: silentLog(), random: systemRandom() };
  const peer = connectPeer({ address, ...deps });
  const store = etcdClient({ peer, ...deps });
  const close = async (): Promise<void> => {
    await store.close();
    await peer.close();
  };
  return { store, close };
}

/** A store, its face on a Unix socket, and a client of that. */
async function openPair(openBehind: (clock: Clock, folder: string) => Promise<Store>): Promise<StoreUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), "modelyard-face-"));
  const clock: FakeClock = fakeClock();
  const behind = await openBehind(clock, folder);
  const server = await serveEtcd(behind, { path: join(folder, "s.sock"), clock: systemClock(), log: silentLog() });
  const client = connect({ path: server.path });
  const close = async (): Promise<void> => {
    await client.close();
    await server.close();
    await behind.close();
    await rm(folder, { recursive: true });
  };
  return { store: client.store, passSeconds: (seconds) => clock.advance(seconds * 1_000), close };
}

const openMemoryPair = (): Promise<StoreUnderTest> => openPair(async (clock) => memoryStore({ clock, random: seededRandom(1) }));
const openSqlitePair = (): Promise<StoreUnderTest> =>
  openPair((clock, folder) => sqliteStore({ path: join(folder, "state.db"), clock, log: silentLog(), random: seededRandom(1) }));

storeContract("client and face over a Unix socket, memory behind", openMemoryPair);
storeContract("client and face over a Unix socket, SQLite behind", openSqlitePair);
storeProperties("client and face over a Unix socket, memory behind", openMemoryPair, 30);

const hasEtcd = (await isInstalled("etcd")) && (await isInstalled("etcdctl"));

describe.runIf(hasEtcd)("client of a real etcd", () => {
  let etcd: RealEtcd | undefined;
  beforeAll(async () => {
    etcd = await startRealEtcd();
  });
  afterAll(() => etcd?.stop());

  storeContract("real etcd", async () => {
    const { host = "", port = 0 } = etcd ?? {};
    const client = connect({ host, port });
    await client.store.transact({ success: [{ kind: "delete", range: { kind: "prefix", prefix: "" } }] });
    // Its time is real: a test waits for what the time brings.
    return { store: client.store, passSeconds: () => Promise.resolve(), close: () => client.close() };
  });
});

if (!hasEtcd) test.skip("the suite on a real etcd needs the Debian packages etcd-server and etcd-client (skipped)", () => {});
