import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { promisify } from "node:util";
import { seededRandom, silentLog, systemClock } from "@modelyard/core";
import { createWireServer } from "@modelyard/wire";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Store } from "../contract.ts";
import { memoryStore } from "../memory/memory-store.ts";
import { isInstalled } from "../testing/real-etcd.ts";
import { all, pairs, put, remove } from "../testing/store-under-test.ts";
import { etcdFace } from "./server/etcd-face.ts";
import { serveEtcd } from "./server/serve-etcd.ts";

const run = promisify(execFile);
const program = "etcdctl";
const hasEtcdctl = await isInstalled(program);

let store: Store;
let endpoint = "";
let close: () => Promise<void>;

const deps = { clock: systemClock(), log: silentLog() };

async function overUnixSocket(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "modelyard-etcdctl-"));
  const server = await serveEtcd(store, { path: join(folder, "s.sock"), ...deps });
  endpoint = `unix://${server.path}`;
  close = async () => {
    await server.close();
    await rm(folder, { recursive: true });
  };
}

async function overLoopback(): Promise<void> {
  const server = createWireServer(deps, etcdFace(store, deps).handle);
  const address = await server.listen({ host: "127.0.0.1", port: 0 });
  endpoint = "port" in address ? `${address.host}:${address.port}` : "";
  close = () => server.close();
}

const base = (): readonly string[] => ["--endpoints", endpoint, "--command-timeout", "10s"];
const env = { ...process.env, ETCDCTL_API: "3" };

async function etcdctl(...args: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await run(program, [...base(), ...args], { env, timeout: 20_000 });
  return stdout.split("\n").filter((line) => line !== "");
}

/** Runs a command that reads its input. */
async function etcdctlWith(input: string, ...args: readonly string[]): Promise<readonly string[]> {
  const child = spawn(program, [...base(), ...args], { env, stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(input);
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) if (line !== "") lines.push(line);
  return lines;
}

describe.runIf(hasEtcdctl).each([
  ["a Unix socket", overUnixSocket],
  ["loopback", overLoopback],
])("etcdctl on the face of a store over %s", (_name, open) => {
  beforeEach(async () => {
    store = memoryStore({ clock: systemClock(), random: seededRandom(1) });
    await open();
  });

  afterEach(async () => {
    await close();
    await store.close();
  });

  test("puts, gets and deletes", async () => {
    expect(await etcdctl("put", "a", "1")).toEqual(["OK"]);
    await etcdctl("put", "a/b", "2");
    expect(await etcdctl("put", "a", "3", "--prev-kv")).toEqual(["OK", "a", "1"]);
    expect(await etcdctl("get", "a")).toEqual(["a", "3"]);
    expect(await etcdctl("get", "", "--prefix")).toEqual(["a", "3", "a/b", "2"]);
    expect(await etcdctl("get", "a", "--from-key", "--keys-only")).toEqual(["a", "a/b"]);
    expect(await etcdctl("get", "a", "z", "--limit", "1")).toEqual(["a", "3"]);
    expect(await etcdctl("del", "a", "--prefix", "--prev-kv")).toEqual(["2", "a", "3", "a/b", "2"]);
    expect((await all(store)).count).toBe(0);
  });

  test("reads sorted, and at an earlier revision", async () => {
    await put(store, "a", "z");
    const { revision } = await put(store, "b", "y");
    await put(store, "a", "x");
    expect(await etcdctl("get", "", "--prefix", "--sort-by=VALUE", "--order=DESCEND")).toEqual(["b", "y", "a", "x"]);
    expect(await etcdctl("get", "", "--prefix", "--sort-by=MODIFY", "--keys-only")).toEqual(["b", "a"]);
    expect(await etcdctl("get", "a", "--rev", String(revision))).toEqual(["a", "z"]);
  });

  test("runs a transaction", async () => {
    await put(store, "a", "1");
    const taken = await etcdctlWith('value("a") = "1"\n\nput b 2\nget a\n\nput wrong 1\n\n', "txn");
    expect(taken).toEqual(["SUCCESS", "OK", "a", "1"]);
    const refused = await etcdctlWith('mod("a") > "1000"\n\nput wrong 1\n\ndel a\n\n', "txn");
    expect(refused).toEqual(["FAILURE", "1"]);
    expect(pairs((await all(store)).keyValues)).toEqual(["b=2"]);
  });

  test("watches, from a revision too", async () => {
    const { revision } = await put(store, "p/old", "0");
    const { child, lines } = watching("p/", "--prefix", "--rev", String(revision), "--prev-kv");
    const seen = lines[Symbol.asyncIterator]();
    const next = async (count: number): Promise<readonly unknown[]> => {
      const taken: unknown[] = [];
      while (taken.length < count) taken.push((await seen.next()).value);
      return taken;
    };
    expect(await next(3)).toEqual(["PUT", "p/old", "0"]);
    await put(store, "p/new", "1");
    expect(await next(3)).toEqual(["PUT", "p/new", "1"]);
    await remove(store, "p/new");
    expect(await next(5)).toEqual(["DELETE", "p/new", "1", "p/new", ""]);
    child.kill();
    await once(child, "exit");
  });

  test("is told when it watches what was compacted", async () => {
    await put(store, "a", "1");
    const { revision } = await put(store, "a", "2");
    expect(await etcdctl("compact", String(revision))).toEqual([`compacted revision ${revision}`]);
    await expect(etcdctl("watch", "a", "--rev", "1")).rejects.toMatchObject({
      stderr: expect.stringContaining("required revision has been compacted"),
    });
    await expect(etcdctl("get", "a", "--rev", "1")).rejects.toMatchObject({
      stderr: expect.stringContaining("required revision has been compacted"),
    });
  });

  test("grants, lists the keys of, keeps alive and revokes a lease", async () => {
    const [granted = ""] = await etcdctl("lease", "grant", "60");
    const id = /^lease ([0-9a-f]+) granted with TTL\(60s\)$/.exec(granted)?.[1] ?? "";
    await etcdctl("put", "leased", "1", "--lease", id);
    expect((await etcdctl("lease", "timetolive", id, "--keys"))[0]).toContain("attached keys([leased])");
    expect(await etcdctl("lease", "keep-alive", id, "--once")).toEqual([`lease ${id} keepalived with TTL(60)`]);
    expect(await etcdctl("lease", "revoke", id)).toEqual([`lease ${id} revoked`]);
    expect((await all(store)).count).toBe(0);
    expect(await etcdctl("lease", "timetolive", id)).toEqual([`lease ${id} already expired`]);
  });

  test("sees a healthy endpoint and its status", async () => {
    await expect(run(program, [...base(), "endpoint", "health"], { env })).resolves.toBeDefined();
    expect((await etcdctl("endpoint", "status"))[0]).toContain("3.4.0");
  });

  function watching(...args: readonly string[]): { readonly child: ChildProcess; readonly lines: Interface } {
    const child = spawn(program, [...base(), "watch", ...args], { env, stdio: ["ignore", "pipe", "inherit"] });
    return { child, lines: createInterface({ input: child.stdout }) };
  }
});

if (!hasEtcdctl) test.skip("etcdctl on the face needs the Debian package etcd-client (skipped)", () => {});
