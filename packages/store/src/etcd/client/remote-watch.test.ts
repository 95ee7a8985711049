import { describe, expect, test } from "vitest";
import { WatchReader } from "../../testing/store-under-test.ts";
import type { WatchResponseMessage } from "../protocol/watch-messages.ts";
import { RemoteWatch } from "./remote-watch.ts";

const response = (more: Partial<WatchResponseMessage>): WatchResponseMessage => ({
  header: { clusterId: 1n, memberId: 1n, revision: 5, raftTerm: 1n },
  watchId: 1,
  created: false,
  canceled: false,
  compactRevision: 0,
  cancelReason: "",
  fragment: false,
  events: [],
  ...more,
});

const newWatch = (startRevision: number): RemoteWatch =>
  new RemoteWatch(1, { range: { kind: "prefix", prefix: "" }, startRevision }, () => {});

describe("a watch of an etcd server", () => {
  test("has started when the server says so", async () => {
    const watch = newWatch(3);
    watch.receive(response({ created: true }));
    expect(await watch.started).toBe(5);
  });

  test("has not started when the server names a compaction as it creates it, before it cancels it", async () => {
    const watch = newWatch(3);
    watch.receive(response({ created: true, compactRevision: 5 }));
    await expect(watch.started).rejects.toMatchObject({ reason: "STORE_COMPACTED" });
    expect(await new WatchReader(watch).ending()).toMatchObject({ reason: "STORE_COMPACTED" });
  });
});
