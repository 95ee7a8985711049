import { PlatformError } from "@modelyard/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { testModel } from "../testing/index.ts";
import { ModelTurns } from "./model-turns.ts";

const never = new AbortController().signal;

async function modelOf(maxConcurrency: number): Promise<Awaited<ReturnType<typeof testModel>>> {
  const model = await testModel("m");
  return { ...model, modelId: "m", maxConcurrency, infer: (request) => model.infer(request), unload: () => model.unload() };
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe("ModelTurns", () => {
  it("gives turns in the order they were asked for", async () => {
    const turns = new ModelTurns(10);
    const model = await modelOf(1);
    const order: number[] = [];
    await turns.take(model, never);
    const waiting = [1, 2, 3].map((place) => turns.take(model, never).then(() => order.push(place)));
    for (let round = 0; round < 3; round++) {
      turns.end(model);
      await settled();
    }
    await Promise.all(waiting);
    expect(order).toEqual([1, 2, 3]);
  });

  it("never has more running than the model takes, nor loses a turn, whoever gives up waiting", async () => {
    const steps = fc.array(fc.constantFrom("take", "end", "abort"), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 3 }), steps, async (maxConcurrency, script) => {
        const turns = new ModelTurns(1000);
        const model = await modelOf(maxConcurrency);
        const waiting: AbortController[] = [];
        let running = 0;
        for (const step of script) {
          if (step === "take") {
            const controller = new AbortController();
            waiting.push(controller);
            const granted = (): void => void (running++, waiting.splice(waiting.indexOf(controller), 1));
            turns.take(model, controller.signal).then(granted, () => undefined);
          } else if (step === "end" && running > 0) {
            running--;
            turns.end(model);
          } else if (step === "abort") waiting.shift()?.abort();
          await settled();
          expect(running).toBeLessThanOrEqual(maxConcurrency);
          // A free turn and somebody waiting for it cannot be at the same time.
          expect(running === maxConcurrency || waiting.length === 0).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  });

  it("refuses beyond its queue, and takes no place for whoever came aborted", async () => {
    const turns = new ModelTurns(1);
    const model = await modelOf(1);
    await turns.take(model, never);
    await expect(turns.take(model, AbortSignal.abort(new Error("gone")))).rejects.toThrow("gone");
    const queued = turns.take(model, never);
    await expect(turns.take(model, never)).rejects.toSatisfy((error) => PlatformError.from(error).reason === "LIMIT_EXCEEDED");
    turns.end(model);
    await queued;
  });

  it("lets every run of a model without a limit go at once", async () => {
    const turns = new ModelTurns(0);
    const model = await modelOf(0);
    await Promise.all(Array.from({ length: 100 }, () => turns.take(model, never)));
  });
});
