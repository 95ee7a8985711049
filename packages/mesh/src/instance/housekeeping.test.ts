import { failure, seededRandom } from "@modelyard/core";
import { type FakeClock, fakeClock } from "@modelyard/core/testing";
import { memoryStore, putOperation } from "@modelyard/store";
import { expect, test } from "vitest";
import { modelKey } from "../identity.ts";
import { encodeRecord } from "../record-codec.ts";
import type { ModelRecord } from "../records.ts";
import { type MeshHarness, meshHarness, switchedStore } from "../testing/mesh-harness.ts";

const modelCount = 2_000;
/** More than one slice, less than two. */
const mostInOneTurn = 600;
const error = failure("STORE_CLOSED", {}).toPublic();

/** A failure that expired long ago. */
const expired: ModelRecord = {
  type: "onnx",
  artifactDigest: "d",
  parameters: {},
  runtime: "fake",
  revision: 1,
  references: 1,
  autoDelete: true,
  copies: {},
  failures: { one: { atMs: 0, error } },
  crashes: [],
  lastUsedMs: 0,
};

test("housekeeping looks at a slice of the records in each turn of the event loop, and at all of them in the end", async () => {
  const clock = fakeClock();
  const store = switchedStore(memoryStore({ clock, random: seededRandom(1) }));
  for (let first = 0; first < modelCount; first += 100) {
    const ids = Array.from({ length: 100 }, (_, index) => modelKey(`ns/m-${first + index}__isvc-0`));
    await store.transact({ success: ids.map((key) => putOperation(key, encodeRecord(expired))) });
  }
  store.setAway(true);
  const found: number[] = [];
  const sampling: FakeClock = {
    ...clock,
    setTimer: (delayMs, callback) =>
      clock.setTimer(delayMs, () => {
        found.push(harness?.mesh.statistics().unwrittenCount ?? 0);
        callback();
      }),
  };
  let harness: MeshHarness | undefined;
  harness = await meshHarness({ store, clock: sampling });
  store.setAway(false);
  for (let second = 0; second < 40; second++) await clock.advance(1_000);
  const grown = found.map((count, index) => count - (found[index - 1] ?? 0));
  expect(Math.max(...grown)).toBeGreaterThan(0);
  expect(Math.max(...grown)).toBeLessThanOrEqual(mostInOneTurn);
  const { keyValues } = await store.range({ range: { kind: "prefix", prefix: modelKey("") } });
  expect(keyValues.filter(({ value }) => Buffer.from(value).includes(error.reason))).toEqual([]);
  await harness.close();
});
