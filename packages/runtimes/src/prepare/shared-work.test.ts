import { describe, expect, it } from "vitest";
import { SharedWork } from "./shared-work.ts";

interface Started {
  readonly signal: AbortSignal;
  readonly resolve: (value: string) => void;
  readonly reject: (error: Error) => void;
}

function recorder(): { readonly started: Started[]; readonly start: (signal: AbortSignal) => Promise<string> } {
  const started: Started[] = [];
  return { started, start: (signal) => new Promise((resolve, reject) => started.push({ signal, resolve, reject })) };
}

const never = new AbortController().signal;

describe("SharedWork", () => {
  it("starts once for all who wait, and anew when it is over", async () => {
    const work = new SharedWork<string>();
    const { started, start } = recorder();
    const waiting = [work.join("k", start, never), work.join("k", start, never)];
    expect(started).toHaveLength(1);
    started[0]?.resolve("done");
    expect(await Promise.all(waiting)).toEqual(["done", "done"]);
    void work.join("k", start, never);
    expect(started).toHaveLength(2);
  });

  it("keeps keys apart", () => {
    const work = new SharedWork<string>();
    const { started, start } = recorder();
    void work.join("a", start, never);
    void work.join("b", start, never);
    expect(started).toHaveLength(2);
  });

  it("goes on while somebody waits, and is aborted with the last one's reason", async () => {
    const work = new SharedWork<string>();
    const { started, start } = recorder();
    const [first, last] = [new AbortController(), new AbortController()];
    const waiting = [work.join("k", start, first.signal), work.join("k", start, last.signal)];
    const settled = Promise.allSettled(waiting);
    first.abort(new Error("first"));
    await expect(waiting[0]).rejects.toThrow("first");
    expect(started[0]?.signal.aborted).toBe(false);
    last.abort(new Error("last"));
    await settled;
    expect(started[0]?.signal.reason).toEqual(new Error("last"));
    void work.join("k", start, never);
    expect(started).toHaveLength(2);
  });

  it("tells everybody of a failure", async () => {
    const work = new SharedWork<string>();
    const { started, start } = recorder();
    const waiting = [work.join("k", start, never), work.join("k", start, never)];
    started[0]?.reject(new Error("broken"));
    const results = await Promise.allSettled(waiting);
    expect(results.map((result) => result.status)).toEqual(["rejected", "rejected"]);
  });
});
