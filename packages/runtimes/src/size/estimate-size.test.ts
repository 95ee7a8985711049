import { describe, expect, it } from "vitest";
import { estimateSizeBytes } from "./estimate-size.ts";
import { LoadTurn } from "./load-turn.ts";

const kibibyte = 1024;

describe("estimateSizeBytes", () => {
  it("is near what was measured for ten thousand copies of the prepared MNIST example: 140 KiB for 27 KiB and 8 nodes", () => {
    const estimate = estimateSizeBytes({ fileBytes: 27 * kibibyte, nodes: 8 }) / kibibyte;
    expect(estimate).toBeGreaterThan(130);
    expect(estimate).toBeLessThan(150);
  });

  it("grows with the file and with the nodes, and is a whole number", () => {
    const small = estimateSizeBytes({ fileBytes: 1001, nodes: 1 });
    expect(Number.isInteger(small)).toBe(true);
    expect(estimateSizeBytes({ fileBytes: 2000, nodes: 1 })).toBeGreaterThan(small);
    expect(estimateSizeBytes({ fileBytes: 1001, nodes: 2 })).toBeGreaterThan(small);
    expect(estimateSizeBytes({ fileBytes: 1001 })).toBeGreaterThan(small);
  });
});

describe("LoadTurn", () => {
  it("lets one at a time through, in order, also after a failure", async () => {
    const turn = new LoadTurn();
    const never = new AbortController().signal;
    const log: string[] = [];
    const step = (name: string) => async (): Promise<void> => {
      log.push(`${name} starts`);
      await new Promise((resolve) => setImmediate(resolve));
      log.push(`${name} ends`);
      if (name === "a") throw new Error("a fails");
    };
    const results = await Promise.allSettled([turn.run(step("a"), never), turn.run(step("b"), never)]);
    expect(results.map((result) => result.status)).toEqual(["rejected", "fulfilled"]);
    expect(log).toEqual(["a starts", "a ends", "b starts", "b ends"]);
  });

  it("does not start what was aborted before its turn", async () => {
    const turn = new LoadTurn();
    let isStarted = false;
    const work = (): Promise<void> => {
      isStarted = true;
      return Promise.resolve();
    };
    await expect(turn.run(work, AbortSignal.abort(new Error("gone")))).rejects.toThrow("gone");
    expect(isStarted).toBe(false);
  });
});
