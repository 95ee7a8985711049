import { describe, expect, it } from "vitest";
import { mintKey, recordedLog } from "../testing/index.ts";
import { apiKeyPrefix } from "./api-key.ts";
import { type KeyChanges, type StoredKey, type WatchedKeys, watchKeys } from "./watch-keys.ts";

const first = mintKey("aaaaaaaa1");
const second = mintKey("bbbbbbbb2", { namespace: "team", role: "admin", expiresAtMs: 5, name: "second" });

function stored(id: string, value: Uint8Array): StoredKey {
  return { key: apiKeyPrefix + id, value };
}

/** Keys whose store is this test. */
function follow(): {
  readonly keys: WatchedKeys;
  readonly changes: KeyChanges;
  readonly fail: (error: Error) => void;
  readonly log: () => readonly string[];
} {
  const { log, records } = recordedLog();
  const told = Promise.withResolvers<void>();
  const given: KeyChanges[] = [];
  const keys = watchKeys({
    log,
    follow(prefix, changes, signal) {
      expect(prefix).toBe("auth/keys/");
      given.push(changes);
      signal.addEventListener("abort", () => told.resolve());
      return told.promise;
    },
  });
  const [changes] = given;
  if (!changes) throw new Error("the store is not followed");
  return {
    keys,
    changes,
    fail: told.reject,
    log: () => records.map((one) => `${String(one["message"])}: ${String(one["why"])}`),
  };
}

describe("watchKeys()", () => {
  it("knows nobody until the keys were read, then every key of the store", () => {
    const { keys, changes } = follow();
    expect(keys.table.isRead).toBe(false);
    changes.onReset([stored("aaaaaaaa1", first.record), stored("bbbbbbbb2", second.record)]);
    expect(keys.table.isRead).toBe(true);
    expect(keys.table.find("aaaaaaaa1")).toEqual(first.key);
    expect(keys.table.find("bbbbbbbb2")).toEqual(second.key);
    expect(keys.table.find("cccccccc3")).toBeUndefined();
  });

  it("follows what is put and deleted, and says with each change that decisions are to be made again", () => {
    const { keys, changes } = follow();
    changes.onReset([stored("aaaaaaaa1", first.record)]);
    const { revision } = keys.table;
    changes.onEvents({
      events: [
        { kind: "put", keyValue: stored("bbbbbbbb2", second.record) },
        { kind: "delete", keyValue: stored("aaaaaaaa1", new Uint8Array(0)) },
      ],
    });
    expect(keys.table.find("aaaaaaaa1")).toBeUndefined();
    expect(keys.table.find("bbbbbbbb2")?.name).toBe("second");
    expect(keys.table.revision).toBeGreaterThan(revision);
  });

  it("goes on answering from what it knows when the store cannot be followed any longer", async () => {
    const { keys, changes, fail, log } = follow();
    changes.onReset([stored("aaaaaaaa1", first.record)]);
    fail(new Error("gone"));
    await keys.close();
    expect(keys.table.find("aaaaaaaa1")).toEqual(first.key);
    expect(keys.table.isRead).toBe(true);
    expect(log()).toEqual([]);
  });

  it.each([
    ["no JSON", Buffer.from("{"), "the value is not a JSON object"],
    ["JSON null", Buffer.from("null"), "the value is not a JSON object"],
    ["a digest of another length", Buffer.from(JSON.stringify({ id: "aaaaaaaa1", sha256: "aGk=" })), "sha256 is not 32 bytes in base64"],
    ["the id of another key", second.record, "the id is malformed or not that of its key"],
    ["a role that does not exist", changed({ role: "root" }), 'role is neither "infer" nor "admin"'],
    ["no namespace", changed({ namespace: "" }), "namespace is missing"],
    ["an expiry that is text", changed({ expiresAtMs: "never" }), "expiresAtMs is not a number"],
  ])("takes %s for no key, and says so", (_, value, why) => {
    const { keys, changes, log } = follow();
    changes.onReset([stored("aaaaaaaa1", first.record)]);
    changes.onEvents({ events: [{ kind: "put", keyValue: stored("aaaaaaaa1", value) }] });
    expect(keys.table.find("aaaaaaaa1")).toBeUndefined();
    expect(log()).toEqual([`The record of an API key is not valid and opens nothing: ${why}`]);
  });
});

function changed(fields: object): Uint8Array {
  const record: unknown = JSON.parse(Buffer.from(first.record).toString());
  return Buffer.from(JSON.stringify(Object.assign({}, record, fields)));
}
