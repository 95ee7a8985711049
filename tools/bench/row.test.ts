import { describe, expect, it } from "vitest";
import { measureRow, median, quartiles, type RowPlan } from "./row.ts";

describe("a row", () => {
  it("is measured in turns, and its ratio is the median of those of the pairs", async () => {
    const asked: string[] = [];
    const row = await measureRow(
      planOf({ ours: taking([10, 90, 11], "ours", asked), theirs: taking([10, 30, 22], "theirs", asked), pairs: 3 }),
      "g",
    );
    expect(asked).toEqual(["ours", "theirs", "ours", "theirs", "ours", "theirs"]);
    expect(row).toMatchObject({ group: "g", ours: [10, 90, 11], peerValues: [10, 30, 22], ratios: [1, 3, 0.5], ratio: 1 });
  });

  it("holds up to its budget and no further", async () => {
    const held = async (budget: NonNullable<RowPlan["budget"]>): Promise<boolean | null> =>
      (await measureRow(planOf({ ours: () => Promise.resolve(12), theirs: () => Promise.resolve(10), budget }), "g")).holds;
    expect(await held({ kind: "maxRatio", value: 1.2 })).toBe(true);
    expect(await held({ kind: "maxRatio", value: 1.19 })).toBe(false);
    expect(await held({ kind: "minRatio", value: 1.21 })).toBe(false);
    expect(await held({ kind: "maxValue", value: 12 })).toBe(true);
    expect(await held({ kind: "minValue", value: 13 })).toBe(false);
  });

  it("does not hold and says why when its peer is missing, also without a budget, and keeps what was measured", async () => {
    const theirs = (): Promise<number> => Promise.reject(new Error("nginx could not be started: it is not installed"));
    const row = await measureRow(planOf({ theirs }), "g");
    expect(row).toMatchObject({ holds: false, ratio: null, ours: [1], missing: "nginx could not be started: it is not installed" });
  });

  it("keeps the share of the kernel of each sample, and what the median is made of", async () => {
    const samples = [3, 1, 2].map((value) => ({ value, kernelShare: value / 10, detail: `made of ${value}` }));
    const row = await measureRow(planOf({ ours: async () => samples.shift() ?? 0, pairs: 3 }), "g");
    expect(row).toMatchObject({ kernelShares: { ours: [0.3, 0.1, 0.2], peer: [] }, detail: "made of 2" });
  });
});

describe("samples", () => {
  it("have a middle and a middle half", () => {
    const samples = [9, 1, 8, 2, 7, 3, 6, 4, 5];
    expect(median(samples)).toBe(5);
    expect(quartiles(samples)).toEqual([3, 7]);
    expect(quartiles([3, 1, 2])).toEqual([1, 3]);
  });
});

function planOf(rest: Partial<RowPlan>): RowPlan {
  return { id: "row", what: "What.", unit: "us", peer: "peer", ours: () => Promise.resolve(1), ...rest };
}

function taking(values: number[], name: string, asked: string[]): () => Promise<number> {
  return async () => {
    asked.push(name);
    return values.shift() ?? Number.NaN;
  };
}
