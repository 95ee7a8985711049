import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { randomInteger, seededRandom, silentLog } from "@modelyard/core";
import { type FakeClock, fakeClock } from "@modelyard/core/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Store } from "../contract.ts";
import { all, attach, pairs, put, remove, revisionOf, text, told, WatchReader } from "../testing/store-under-test.ts";
import { migrations, openForWriting } from "./open-database.ts";
import { type SqliteStoreOptions, sqliteStore } from "./sqlite-store.ts";

const ledgerWriter = fileURLToPath(new URL("../testing/ledger-writer.ts", import.meta.url));
let folder = "";
let path = "";
const opened: Store[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "modelyard-store-"));
  path = join(folder, "state.db");
});

afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  await rm(folder, { recursive: true });
});

async function open(options: Partial<SqliteStoreOptions> = {}): Promise<Store> {
  const store = await sqliteStore({ path, clock: fakeClock(), log: silentLog(), random: seededRandom(1), ...options });
  opened.push(store);
  return store;
}

describe("a SQLite store that is opened again", () => {
  test("has its keys, its revision and its history", async () => {
    const first = await open();
    const { revision } = await put(first, "a", "1");
    await put(first, "a", "2");
    await put(first, "b", "3");
    await remove(first, "b");
    await first.close();
    const second = await open();
    expect(await revisionOf(second)).toBe(revision + 3);
    expect(pairs((await all(second, revision)).keyValues)).toEqual(["a=1"]);
    const history = new WatchReader(second.watch({ range: { kind: "prefix", prefix: "" }, startRevision: revision }));
    expect(told(await history.take(4))).toEqual(["put a=1", "put a=2", "put b=3", "delete b"]);
    expect((await put(second, "c")).revision).toBe(revision + 4);
  });

  test("still refuses what was compacted", async () => {
    const first = await open();
    const { revision } = await put(first, "a", "1");
    await put(first, "a", "2");
    await first.compact(revision + 1);
    await first.close();
    await expect(all(await open(), revision)).rejects.toMatchObject({
      reason: "STORE_COMPACTED",
      details: { revision, compactedRevision: revision + 1 },
    });
  });

  test("gives every lease its whole time again, and then ends it", async () => {
    const clocks: FakeClock[] = [fakeClock(), fakeClock()];
    const [before, after] = clocks;
    const first = await open(before ? { clock: before } : {});
    const { leaseId } = await first.grantLease({ ttlSeconds: 10 });
    await attach(first, "leased", leaseId);
    await before?.advance(9_000);
    await first.close();
    const second = await open(after ? { clock: after } : {});
    expect(await second.leaseFacts(leaseId)).toEqual({ leaseId, ttlSeconds: 10, remainingSeconds: 10, keys: ["leased"] });
    const watch = second.watch({ range: { kind: "prefix", prefix: "" } });
    await after?.advance(10_000);
    expect(told(await new WatchReader(watch).take(1))).toEqual(["delete leased"]);
  });
});

describe("a SQLite store", () => {
  test("forgets history beyond what it keeps, and no current value", async () => {
    const store = await open({ keepRevisions: 50 });
    await put(store, "kept", "old");
    const { revision } = await put(store, "hot", "0");
    for (let index = 1; index < 200; index++) await put(store, "hot", String(index));
    await expect(all(store, revision)).rejects.toMatchObject({ reason: "STORE_COMPACTED" });
    expect(pairs((await all(store)).keyValues)).toEqual(["hot=199", "kept=old"]);
    await store.close();
    const file = new DatabaseSync(path, { readOnly: true });
    expect(Number(file.prepare("SELECT count(*) AS count FROM entries").get()?.["count"])).toBeLessThanOrEqual(50 + 50 + 1);
    file.close();
  });

  test("forgets deleted keys wholly", async () => {
    const store = await open();
    for (const key of ["a", "b", "c"]) {
      await put(store, key);
      await remove(store, key);
    }
    await store.compact(await revisionOf(store));
    await store.close();
    const file = new DatabaseSync(path, { readOnly: true });
    expect(file.prepare("SELECT (SELECT count(*) FROM entries) + (SELECT count(*) FROM keys) AS count").get()).toEqual({ count: 0 });
    file.close();
  });

  test("refuses writes beyond its queue as a limit, and goes on", async () => {
    const store = await open({ maxPendingWrites: 10 });
    const settled = await Promise.allSettled(Array.from({ length: 40 }, (_, index) => put(store, `k${index}`)));
    const refused = settled.flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
    expect(refused).toHaveLength(30);
    expect(refused[0]).toMatchObject({ reason: "LIMIT_EXCEEDED", retryable: true });
    expect((await all(store)).count).toBe(10);
    await put(store, "later");
  });

  test("a write whose signal is aborted in the queue is not made", async () => {
    const store = await open();
    const controller = new AbortController();
    const success = [{ kind: "put", key: "a", value: new Uint8Array(1) }] as const;
    const write = store.transact({ success }, { signal: controller.signal });
    controller.abort(new Error("given up"));
    await expect(write).rejects.toThrow("given up");
    await put(store, "b");
    expect(pairs((await all(store)).keyValues)).toEqual(["b="]);
  });

  test("its file may be read by its owner only", async () => {
    await put(await open(), "a");
    for (const name of await readdir(folder)) expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
  });

  test("a second writer on the file is found out before it can do harm", async () => {
    const first = await open();
    const second = await open();
    await put(first, "a", "1");
    await expect(put(second, "a", "2")).rejects.toMatchObject({ reason: "STORE_UNAVAILABLE" });
  });
});

describe("the file of a SQLite store", () => {
  test("of a newer format is refused untouched", async () => {
    await (await open()).close();
    const file = new DatabaseSync(path);
    file.exec("PRAGMA user_version = 99");
    file.close();
    await expect(open()).rejects.toMatchObject({ reason: "STORE_NEWER_FORMAT", details: { formatVersion: 99, supportedVersion: 1 } });
  });

  test("that is no database, or in no folder, is refused with the reason", async () => {
    await writeFile(
      path,
      "this is a text, and long enough to be read as the head of a database file, which it is not at all, by far, no".repeat(3),
    );
    await expect(open()).rejects.toMatchObject({
      reason: "STORE_OPEN_FAILED",
      details: { path, why: expect.stringContaining("not a database") },
    });
    await expect(open({ path: join(folder, "none", "state.db") })).rejects.toMatchObject({ reason: "STORE_OPEN_FAILED" });
  });

  test("of an older format is copied beside itself and brought forward", async () => {
    const first = await open();
    await put(first, "a", "1");
    await first.close();
    openForWriting(path, [...migrations, "CREATE TABLE added (id INTEGER)"]).close();
    const newer = new DatabaseSync(path);
    expect(newer.prepare("SELECT count(*) AS count FROM added").get()).toMatchObject({ count: 0 });
    newer.close();
    const copy = await open({ path: `${path}.version-1` });
    expect(pairs((await all(copy)).keyValues)).toEqual(["a=1"]);
  });
});

test("kill -9 at any moment keeps every acknowledged write", async () => {
  const random = seededRandom(20_261_121);
  const acknowledged: string[] = [];
  for (let round = 1; round <= 8; round++) {
    acknowledged.push(...(await writeUntilKilled(round, 1 + randomInteger(random, 600))));
    const store = await open();
    const keyValues = new Map((await all(store)).keyValues.map((one) => [one.key, one]));
    for (const line of acknowledged) {
      const [key = "", counter = "", count, revision] = line.split(" ");
      expect([key, text(keyValues.get(key)), keyValues.get(key)?.modRevision]).toEqual([key, count, Number(revision)]);
      expect(Number(text(keyValues.get(counter)))).toBeGreaterThanOrEqual(Number(count));
    }
    // Each transaction is there whole: the counter of a writer names its last entry, which exists.
    for (const [key, { value }] of keyValues) {
      if (key.startsWith("counter/"))
        expect(keyValues.has(`${key.replace("counter", "entry")}/${Buffer.from(value).toString()}`)).toBe(true);
    }
    const entries = [...keyValues.keys()].filter((key) => key.startsWith("entry/"));
    expect(await revisionOf(store)).toBe(1 + entries.length);
    await store.close();
  }
  expect(acknowledged.length).toBeGreaterThan(100);
}, 120_000);

/** Runs a writer and kills it when it has acknowledged `lines` writes; gives every line it got out. */
async function writeUntilKilled(round: number, lines: number): Promise<readonly string[]> {
  const child = spawn(process.execPath, ["--conditions=modelyard-source", ledgerWriter, path, String(round)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const ledger: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    ledger.push(line);
    if (ledger.length === lines) child.kill("SIGKILL");
  }
  await exited;
  expect(child.signalCode).toBe("SIGKILL");
  return ledger;
}
