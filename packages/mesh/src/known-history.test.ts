import { describe, expect, test } from "vitest";
import { KnownHistory } from "./known-history.ts";

/** One that has listed a store once, at a revision. */
function listedAt(revision: number): KnownHistory {
  const history = new KnownHistory();
  history.beginListing(revision);
  history.endListing();
  return history;
}

describe("KnownHistory", () => {
  test("knows nothing of a key that it has not heard of", () => {
    expect(new KnownHistory().revisionOf(undefined)).toBe(0);
  });

  test("takes a revision of this process's own only ahead of the watch and of what is known of its key", () => {
    const history = listedAt(5);
    const known = { modRevision: 7, listing: 1 };
    expect([5, 6, 7, 8].map((one) => history.isAhead(one, known))).toEqual([false, false, false, true]);
    expect([5, 6].map((one) => history.isAhead(one, undefined))).toEqual([false, true]);
    history.advance(8);
    history.advance(6);
    expect([8, 9].map((one) => history.isAhead(one, known))).toEqual([false, true]);
  });

  test("drops what a listing does not have, but not what was written after it", () => {
    const history = listedAt(5);
    history.beginListing(9);
    const [heard, gone, later] = [
      { modRevision: 3, listing: 2 },
      { modRevision: 9, listing: 1 },
      { modRevision: 10, listing: 1 },
    ];
    expect([heard, gone, later].map((facts) => history.isDropped(facts))).toEqual([false, true, false]);
  });

  test("takes nothing that was known for newer while it lists a store of another history, and drops all of it", () => {
    const history = listedAt(100);
    const [before, listed] = [
      { modRevision: 90, listing: 1 },
      { modRevision: 3, listing: 2 },
    ];
    history.beginListing(4);
    expect([history.revisionOf(before), history.revisionOf(listed)]).toEqual([0, 3]);
    expect([history.isDropped({ ...before, modRevision: 101 }), history.isDropped(listed)]).toEqual([true, false]);
    history.endListing();
    expect(history.revisionOf(listed)).toBe(3);
    expect(history.isAhead(5, listed)).toBe(true);
  });
});
