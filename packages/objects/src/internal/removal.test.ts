import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, systemClock, systemRandom } from "@modelyard/core";
import { fakeClock } from "@modelyard/core/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { holderName } from "./holders.ts";
import { type Layout, layoutOf } from "./layout.ts";
import { duringRemoval, removalsEnded } from "./removal.ts";

let folder: string;
let layout: Layout;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "removal-"));
  layout = layoutOf(folder);
  mkdirSync(layout.removing, { recursive: true });
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** One whose time passes whenever somebody waits for it. */
function eagerClock(): Clock {
  const clock = fakeClock();
  return {
    ...clock,
    setTimer(delayMs, callback, options) {
      const timer = clock.setTimer(delayMs, callback, options);
      void clock.advance(delayMs);
      return timer;
    },
  };
}

test("a removal that does not end is waited for a minute, and its process named", async () => {
  writeFileSync(join(layout.removing, holderName(systemRandom())), "");
  const clock = eagerClock();
  await expect(removalsEnded(layout, { clock, signal: undefined })).rejects.toMatchObject({
    reason: "ARTIFACTS_BUSY",
    details: { pid: process.pid },
  });
  expect(clock.monotonicMs()).toBeGreaterThanOrEqual(60_000);
});

test("the flag of a process that has ended is swept and not waited for", async () => {
  const flag = join(layout.removing, "999999999_1_other-boot_0");
  writeFileSync(flag, "");
  await removalsEnded(layout, { clock: fakeClock(), signal: undefined });
  expect(existsSync(flag)).toBe(false);
});

test("a removal that is under way is waited for until it has ended", async () => {
  const order: string[] = [];
  let waited: Promise<void> | undefined;
  await duringRemoval({ layout, random: systemRandom() }, async () => {
    waited = removalsEnded(layout, { clock: systemClock(), signal: undefined }).then(() => void order.push("waited"));
    for (let look = 0; look < 20; look++) await stat(folder);
    order.push("removed");
  });
  await waited;
  expect(order).toEqual(["removed", "waited"]);
});
