import { failure, seededRandom } from "@modelyard/core";
import { fakeClock } from "@modelyard/core/testing";
import { describe, expect, test } from "vitest";
import type { Lease, Store } from "./contract.ts";
import { keepLease } from "./keep-lease.ts";
import { memoryStore } from "./memory/memory-store.ts";
import { all, attach, delegatingStore } from "./testing/store-under-test.ts";

/** A store whose keep-alives can be made to fail. */
class Interrupted {
  readonly clock = fakeClock();
  readonly store: Store = memoryStore({ clock: this.clock, random: seededRandom(1) });
  isDown = false;

  get asSeen(): Store {
    const keepAliveLease = (leaseId: number): Promise<Lease> =>
      this.isDown ? Promise.reject(failure("STORE_UNAVAILABLE", { why: "test" })) : this.store.keepAliveLease(leaseId);
    return { ...delegatingStore(this.store), keepAliveLease };
  }
}

describe("keepLease()", () => {
  test("keeps a lease far beyond its time to live, until it is released", async () => {
    const { store, clock } = new Interrupted();
    const held = await keepLease(store, { clock, random: seededRandom(2), ttlSeconds: 10 });
    await attach(store, "mine", held.leaseId);
    await clock.advance(100_000);
    expect((await all(store)).count).toBe(1);
    await held.release();
    await held.release();
    expect((await all(store)).count).toBe(0);
    expect(held.lost.aborted).toBe(false);
    expect(clock.pending).toBe(0);
  });

  test("survives a store that is away for less than the time to live", async () => {
    const interrupted = new Interrupted();
    const { clock } = interrupted;
    const held = await keepLease(interrupted.asSeen, { clock, random: seededRandom(2), ttlSeconds: 10 });
    interrupted.isDown = true;
    await clock.advance(6_000);
    interrupted.isDown = false;
    await clock.advance(20_000);
    expect(held.lost.aborted).toBe(false);
    expect((await interrupted.store.leaseFacts(held.leaseId)).remainingSeconds).toBeGreaterThan(5);
    await held.release();
  });

  test("tells that the lease is lost no later than the store may end it", async () => {
    const interrupted = new Interrupted();
    const { clock } = interrupted;
    const held = await keepLease(interrupted.asSeen, { clock, random: seededRandom(2), ttlSeconds: 10 });
    interrupted.isDown = true;
    await clock.advance(9_999);
    expect(held.lost.aborted).toBe(false);
    await clock.advance(1);
    expect(held.lost.aborted).toBe(true);
  });

  test("tells at once when the lease was revoked by somebody else", async () => {
    const { store, clock } = new Interrupted();
    const held = await keepLease(store, { clock, random: seededRandom(2), ttlSeconds: 10 });
    await store.revokeLease(held.leaseId);
    await clock.advance(4_000);
    expect(held.lost.aborted).toBe(true);
    await held.release();
  });

  test("stops with its signal and leaves the lease to its time", async () => {
    const { store, clock } = new Interrupted();
    const stop = new AbortController();
    const held = await keepLease(store, { clock, random: seededRandom(2), ttlSeconds: 10, signal: stop.signal });
    await attach(store, "mine", held.leaseId);
    stop.abort();
    await clock.advance(5_000);
    expect((await all(store)).count).toBe(1);
    await clock.advance(6_000);
    expect((await all(store)).count).toBe(0);
    expect(held.lost.aborted).toBe(false);
  });
});
