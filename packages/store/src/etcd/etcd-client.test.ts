import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededRandom, silentLog, systemClock, systemRandom } from "@modelyard/core";
import { connectPeer, type Peer } from "@modelyard/wire";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Store } from "../contract.ts";
import { memoryStore } from "../memory/memory-store.ts";
import { all, attach, bytes, delegatingStore, put, revisionOf, text, told, WatchReader } from "../testing/store-under-test.ts";
import { etcdClient } from "./client/etcd-client.ts";
import { type EtcdServer, serveEtcd } from "./server/serve-etcd.ts";

const deps = { clock: systemClock(), log: silentLog(), random: systemRandom() };
const everything = { kind: "prefix", prefix: "" } as const;

let folder = "";
let behind: Store;
let server: EtcdServer;
let peer: Peer;
let client: Store;

const newStore = (): Store => memoryStore({ clock: deps.clock, random: seededRandom(1) });
const serve = (store: Store): Promise<EtcdServer> => serveEtcd(store, { path: join(folder, "s.sock"), ...deps });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "modelyard-client-"));
  behind = newStore();
  server = await serve(behind);
  peer = connectPeer({ address: { path: server.path }, minBackoffMs: 5, maxBackoffMs: 50, ...deps });
  client = etcdClient({ peer, ...deps });
});

afterEach(async () => {
  await client.close();
  await peer.close();
  await server.close();
  await behind.close();
  await rm(folder, { recursive: true });
});

describe("a client whose server goes away and returns", () => {
  test("gives its watches every change once and in order", async () => {
    const watch = client.watch({ range: everything });
    await watch.started;
    const reader = new WatchReader(watch);
    const seen: (string | undefined)[] = [];
    for (let round = 0; round < 6; round++) {
      await put(behind, "k", `${round}/0`);
      if (round % 2 === 0) seen.push(...(await reader.take(1)).map(({ keyValue }) => text(keyValue)));
      await server.close();
      await put(behind, "k", `${round}/1`);
      server = await serve(behind);
      await put(behind, "k", `${round}/2`);
    }
    while (seen.length < 18) seen.push(...(await reader.take(1)).map(({ keyValue }) => text(keyValue)));
    expect(seen).toEqual(Array.from({ length: 18 }, (_, index) => `${Math.floor(index / 3)}/${index % 3}`));
  });

  test("ends a watch as compacted when history was lost meanwhile", async () => {
    const watch = client.watch({ range: everything });
    await watch.started;
    await server.close();
    for (const value of ["1", "2", "3"]) await put(behind, "k", value);
    await behind.compact(await revisionOf(behind));
    server = await serve(behind);
    expect(await new WatchReader(watch).ending()).toMatchObject({ reason: "STORE_COMPACTED" });
  });

  test("ends a watch as compacted when the server knows less than it did", async () => {
    for (const value of ["1", "2", "3"]) await put(behind, "k", value);
    const watch = client.watch({ range: everything });
    await watch.started;
    await server.close();
    const other = newStore();
    server = await serve(other);
    expect(await new WatchReader(watch).ending()).toMatchObject({ reason: "STORE_COMPACTED" });
  });

  test("starts a watch when the server comes, though it was not there", async () => {
    await server.close();
    const watch = client.watch({ range: everything });
    server = await serve(behind);
    await watch.started;
    await put(behind, "a", "1");
    expect(told(await new WatchReader(watch).take(1))).toEqual(["put a=1"]);
  });

  test("answers a read after all", async () => {
    await put(client, "a", "1");
    await server.close();
    const read = all(client);
    server = await serve(behind);
    expect((await read).count).toBe(1);
  });

  test("keeps a lease alive again", async () => {
    const { leaseId } = await client.grantLease({ ttlSeconds: 60 });
    await attach(client, "leased", leaseId);
    await client.keepAliveLease(leaseId);
    await server.close();
    await expect(client.keepAliveLease(leaseId)).rejects.toMatchObject({ reason: "STORE_UNAVAILABLE", retryable: true });
    server = await serve(behind);
    await expect.poll(() => client.keepAliveLease(leaseId).catch(() => undefined)).toEqual({ leaseId, ttlSeconds: 60 });
  });
});

describe("a write without an answer", () => {
  test("fails as retryable when there is no server", async () => {
    await server.close();
    await expect(put(client, "a")).rejects.toMatchObject({ reason: "STORE_UNAVAILABLE", code: "UNAVAILABLE", retryable: true });
  });

  test("is not repeated when the connection is lost after it had its effect", async () => {
    await server.close();
    const losing: Store = {
      ...delegatingStore(behind),
      async transact(transaction, options) {
        const response = await behind.transact(transaction, options);
        void server.close(0);
        await new Promise<never>((_resolve, reject) => options?.signal?.addEventListener("abort", () => reject(new Error("lost"))));
        return response;
      },
    };
    server = await serve(losing);
    await expect(put(client, "a", "1")).rejects.toMatchObject({ reason: "STORE_UNAVAILABLE" });
    server = await serve(behind);
    expect((await all(client)).keyValues).toMatchObject([{ key: "a", version: 1 }]);
  });
});

test("a request ends with its signal", async () => {
  await server.close();
  const hanging: Store = { ...delegatingStore(behind), range: () => new Promise<never>(() => {}) };
  server = await serve(hanging);
  const controller = new AbortController();
  const read = client.range({ range: everything }, { signal: controller.signal });
  const ended = expect(read).rejects.toThrow("given up");
  await client.transact({ success: [{ kind: "put", key: "a", value: bytes("") }] });
  controller.abort(new Error("given up"));
  await ended;
});

test("a request ends after its time", async () => {
  await server.close();
  server = await serve({ ...delegatingStore(behind), range: () => new Promise<never>(() => {}) });
  const hasty = etcdClient({ peer, ...deps, requestTimeoutMs: 30 });
  await expect(all(hasty)).rejects.toMatchObject({ reason: "STORE_UNAVAILABLE", retryable: true });
  await hasty.close();
});
