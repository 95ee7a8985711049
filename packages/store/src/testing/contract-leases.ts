/** What every driver does with leases, and with its own end. */
import { expect, test } from "vitest";
import type { StoreUnderTest } from "./store-under-test.ts";
import { all, attach, pairs, put, revisionOf, told, WatchReader } from "./store-under-test.ts";

/** Tests of leases and of `close`. */
export function leaseContract(open: () => Promise<StoreUnderTest>): void {
  const everything = { kind: "prefix", prefix: "" } as const;
  /** An id nobody else has taken: a foreign server keeps leases between tests. */
  const ownId = async (store: StoreUnderTest["store"]): Promise<number> => {
    const { leaseId } = await store.grantLease({ ttlSeconds: 60 });
    await store.revokeLease(leaseId);
    return leaseId;
  };

  test("a lease gets an id below 2^53 and at least the time that was asked for", async () => {
    const { store } = await open();
    const { leaseId, ttlSeconds } = await store.grantLease({ ttlSeconds: 60 });
    expect(Number.isSafeInteger(leaseId) && leaseId > 0).toBe(true);
    expect(ttlSeconds).toBe(60);
    expect((await store.grantLease({ ttlSeconds: 0.2 })).ttlSeconds).toBeGreaterThanOrEqual(1);
  });

  test("a wanted id is used, and refused while it is in use", async () => {
    const { store } = await open();
    const leaseId = await ownId(store);
    expect(await store.grantLease({ ttlSeconds: 60, leaseId })).toEqual({ leaseId, ttlSeconds: 60 });
    await expect(store.grantLease({ ttlSeconds: 60, leaseId })).rejects.toMatchObject({
      reason: "STORE_LEASE_EXISTS",
      details: { leaseId },
    });
  });

  test("a lease lists its keys and what is left of it", async () => {
    const { store } = await open();
    const { leaseId } = await store.grantLease({ ttlSeconds: 60 });
    await attach(store, "b", leaseId);
    await attach(store, "a", leaseId);
    const facts = await store.leaseFacts(leaseId);
    expect(facts).toMatchObject({ leaseId, ttlSeconds: 60, keys: ["a", "b"] });
    expect(facts.remainingSeconds).toBeGreaterThan(50);
    expect((await all(store)).keyValues.map((one) => one.leaseId)).toEqual([leaseId, leaseId]);
  });

  test("revoking deletes the keys of the lease in one revision", async () => {
    const { store } = await open();
    const { leaseId } = await store.grantLease({ ttlSeconds: 60 });
    await attach(store, "a", leaseId);
    await attach(store, "b", leaseId);
    await put(store, "c");
    const watch = store.watch({ range: everything });
    const before = await watch.started;
    await store.revokeLease(leaseId);
    const events = await new WatchReader(watch).take(2);
    expect(told(events).toSorted()).toEqual(["delete a", "delete b"]);
    expect(events.map(({ keyValue }) => keyValue.modRevision)).toEqual([before + 1, before + 1]);
    expect(pairs((await all(store)).keyValues)).toEqual(["c="]);
  });

  test("revoking a lease without keys makes no revision", async () => {
    const { store } = await open();
    const { leaseId } = await store.grantLease({ ttlSeconds: 60 });
    const before = await revisionOf(store);
    await store.revokeLease(leaseId);
    expect(await revisionOf(store)).toBe(before);
  });

  test("the keys of a lease are deleted when its time is over", async () => {
    const { store, passSeconds } = await open();
    const { leaseId, ttlSeconds } = await store.grantLease({ ttlSeconds: 2 });
    await attach(store, "leased", leaseId);
    await put(store, "other");
    const watch = store.watch({ range: everything });
    await watch.started;
    await passSeconds(ttlSeconds + 1);
    expect(told(await new WatchReader(watch).take(1))).toEqual(["delete leased"]);
    await expect(store.keepAliveLease(leaseId)).rejects.toMatchObject({ reason: "STORE_LEASE_NOT_FOUND" });
    await expect(store.leaseFacts(leaseId)).rejects.toMatchObject({ reason: "STORE_LEASE_NOT_FOUND" });
  });

  test("keeping a lease alive gives it its whole time again", async () => {
    const { store, passSeconds } = await open();
    const lease = await store.grantLease({ ttlSeconds: 60 });
    await passSeconds(50);
    expect(await store.keepAliveLease(lease.leaseId)).toEqual(lease);
    await passSeconds(50);
    expect((await store.leaseFacts(lease.leaseId)).remainingSeconds).toBeGreaterThan(9);
  });

  test("a key written without the lease, or with another, no longer ends with it", async () => {
    const { store } = await open();
    const first = await store.grantLease({ ttlSeconds: 60 });
    const second = await store.grantLease({ ttlSeconds: 60 });
    for (const key of ["a", "b", "c"]) await attach(store, key, first.leaseId);
    await put(store, "a", "2");
    await attach(store, "b", second.leaseId);
    expect((await store.leaseFacts(first.leaseId)).keys).toEqual(["c"]);
    await store.revokeLease(first.leaseId);
    expect(pairs((await all(store)).keyValues)).toEqual(["a=2", "b="]);
  });

  test("a lease that does not exist is refused everywhere", async () => {
    const { store } = await open();
    const leaseId = await ownId(store);
    const notFound = { reason: "STORE_LEASE_NOT_FOUND", details: { leaseId } };
    await expect(store.keepAliveLease(leaseId)).rejects.toMatchObject(notFound);
    await expect(store.revokeLease(leaseId)).rejects.toMatchObject(notFound);
    await expect(store.leaseFacts(leaseId)).rejects.toMatchObject(notFound);
    await expect(attach(store, "a", leaseId)).rejects.toMatchObject(notFound);
    expect((await all(store)).count).toBe(0);
  });

  test("a closed store ends its watches and refuses requests; closing again is without effect", async () => {
    const { store } = await open();
    const watch = store.watch({ range: everything });
    await watch.started;
    const ending = new WatchReader(watch).ending();
    const accepted = put(store, "a");
    await store.close();
    await store.close();
    expect((await accepted).succeeded).toBe(true);
    expect(await ending).toMatchObject({ reason: "STORE_CLOSED" });
    await expect(put(store, "b")).rejects.toMatchObject({ reason: "STORE_CLOSED" });
    await expect(store.watch({ range: everything }).started).rejects.toMatchObject({ reason: "STORE_CLOSED" });
  });
}
