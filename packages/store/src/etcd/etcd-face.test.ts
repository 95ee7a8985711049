import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readMessage, writeMessage } from "@modelyard/codec";
import { seededRandom, silentLog, systemClock, systemRandom } from "@modelyard/core";
import { connectPeer, grpcCall, grpcDuplex, type Peer } from "@modelyard/wire";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Store } from "../contract.ts";
import { memoryStore } from "../memory/memory-store.ts";
import { all, put } from "../testing/store-under-test.ts";
import { putRequestMessage } from "./protocol/key-messages.ts";
import { methods } from "./protocol/methods.ts";
import { writeTransaction } from "./protocol/transaction-conversion.ts";
import { txnRequestMessage } from "./protocol/transaction-messages.ts";
import { type WatchResponseMessage, watchRequestMessage, watchResponseMessage } from "./protocol/watch-messages.ts";
import { type EtcdServer, serveEtcd } from "./server/serve-etcd.ts";

const deps = { clock: systemClock(), log: silentLog(), random: systemRandom() };

let folder = "";
let store: Store;
let server: EtcdServer;
let peer: Peer;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "modelyard-face-"));
  store = memoryStore({ clock: deps.clock, random: seededRandom(1) });
  server = await serveEtcd(store, { path: join(folder, "s.sock"), ...deps });
  peer = connectPeer({ address: { path: server.path }, ...deps });
});

afterEach(async () => {
  await peer.close();
  await server.close();
  await store.close();
  await rm(folder, { recursive: true });
});

const putOf = (key: Uint8Array, more: { readonly ignoreValue?: boolean } = {}): Uint8Array =>
  writeMessage(putRequestMessage, { key, value: key, lease: 0, prevKv: false, ignoreValue: false, ignoreLease: false, ...more });

const createOf = (watchId: number, startRevision = 0): Uint8Array =>
  writeMessage(watchRequestMessage, {
    createRequest: {
      key: Buffer.from("\0"),
      rangeEnd: Buffer.from("\0"),
      startRevision,
      progressNotify: false,
      filters: [],
      prevKv: false,
      watchId,
      fragment: false,
    },
  });

describe("the face of a store", () => {
  test("listens on a socket that only its owner can reach, and removes it", async () => {
    expect((await stat(server.path)).mode & 0o777).toBe(0o600);
    await server.close();
    await expect(stat(server.path)).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("takes the place of a socket that was left behind", async () => {
    const second = await serveEtcd(store, { path: server.path, ...deps });
    await peer.close();
    peer = connectPeer({ address: { path: server.path }, ...deps });
    await grpcCall(peer, { path: methods.put, message: putOf(Buffer.from("a")) });
    expect((await all(store)).count).toBe(1);
    await second.close();
  });

  test("refuses keys that are no text, with a message that says so", async () => {
    const message = putOf(Uint8Array.of(0x61, 0xff));
    await expect(grpcCall(peer, { path: methods.put, message })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      details: { message: expect.stringContaining("UTF-8") },
    });
    expect((await all(store)).count).toBe(0);
  });

  test("says what it does not have", async () => {
    const nested = { requestTxn: writeTransaction({ success: [] }) };
    const txn = writeMessage(txnRequestMessage, { compare: [], success: [nested], failure: [] });
    const unimplemented = { code: "UNIMPLEMENTED" };
    await expect(grpcCall(peer, { path: methods.txn, message: txn })).rejects.toMatchObject(unimplemented);
    const keeping = putOf(Buffer.from("a"), { ignoreValue: true });
    await expect(grpcCall(peer, { path: methods.put, message: keeping })).rejects.toMatchObject(unimplemented);
    await expect(grpcCall(peer, { path: "/etcdserverpb.Auth/AuthEnable", message: new Uint8Array(0) })).rejects.toMatchObject(
      unimplemented,
    );
  });

  test("refuses a message that is none", async () => {
    const message = Uint8Array.of(0x0a, 0xff);
    await expect(grpcCall(peer, { path: methods.range, message })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  test("refuses a watch id that is in use, and goes on with the first", async () => {
    const stream = grpcDuplex(peer, methods.watch);
    await stream.send(createOf(7));
    await stream.send(createOf(7));
    const responses = new Responses(stream.messages);
    expect(await responses.next()).toMatchObject({ watchId: 7, created: true, canceled: false });
    expect(await responses.next()).toMatchObject({ watchId: -1, created: true, canceled: true });
    await put(store, "a");
    expect(await responses.next()).toMatchObject({ watchId: 7, events: [{ type: 0 }] });
    stream.cancel();
  });

  test("says in the first response to a watch already that its history is compacted", async () => {
    const { revision } = await put(store, "a");
    await store.compact(revision);
    const stream = grpcDuplex(peer, methods.watch);
    await stream.send(createOf(7, revision));
    const responses = new Responses(stream.messages);
    expect(await responses.next()).toMatchObject({ watchId: 7, created: true, canceled: false, compactRevision: revision });
    expect(await responses.next()).toMatchObject({ watchId: 7, created: false, canceled: true, compactRevision: revision });
    stream.cancel();
  });

  test("answers a request for progress with the revision every watch has reached", async () => {
    const stream = grpcDuplex(peer, methods.watch);
    await stream.send(createOf(1));
    const responses = new Responses(stream.messages);
    await responses.next();
    const { revision } = await put(store, "a");
    await responses.next();
    await stream.send(writeMessage(watchRequestMessage, { progressRequest: {} }));
    expect(await responses.next()).toMatchObject({ watchId: -1, canceled: false, events: [], header: { revision } });
    stream.cancel();
  });

  test("cuts off a client that does not read its events, as compacted, instead of holding them without end", async () => {
    const stream = grpcDuplex(peer, methods.watch);
    await stream.send(createOf(1));
    const responses = new Responses(stream.messages);
    expect(await responses.next()).toMatchObject({ created: true });
    const value = Buffer.alloc(20_000);
    for (let index = 0; index < 6_000; index++) {
      await store.transact({ success: [{ kind: "put", key: "k", value }] });
      if (index % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    let last = await responses.next();
    let seen = 0;
    while (!last.canceled) {
      seen += last.events.length;
      last = await responses.next();
    }
    expect(seen).toBeLessThan(6_000);
    expect(last).toMatchObject({ watchId: 1, cancelReason: "etcdserver: mvcc: required revision has been compacted" });
    expect(last.compactRevision).toBeGreaterThan(0);
    stream.cancel();
  });
});

/** The responses of a stream one by one. */
class Responses {
  readonly #messages: AsyncIterator<Uint8Array>;

  constructor(messages: AsyncIterator<Uint8Array>) {
    this.#messages = messages;
  }

  async next(): Promise<WatchResponseMessage> {
    const next = await this.#messages.next();
    if (next.done) throw new Error("The stream has ended");
    return readMessage(watchResponseMessage, next.value);
  }
}
