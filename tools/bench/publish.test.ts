import { describe, expect, it } from "vitest";
import type { Machine } from "./machine.ts";
import { pageOf } from "./publish.ts";
import type { BenchRow, RowGroup } from "./row.ts";

const machine: Machine = { cpu: "c", cores: 2, memoryGib: 24, kernel: "6.1", node: "v24", commit: "abc", versions: { nginx: "1.22.1" } };
const groups: readonly RowGroup[] = ["First", "Second"].map((title) => ({
  ids: [title],
  title,
  about: `About ${title}.`,
  open: () => Promise.reject(new Error("not opened")),
}));
const row: BenchRow = {
  id: "first-row",
  group: "First",
  what: "A | B, and why.",
  unit: "us CPU",
  ours: [10, 12, 11],
  peer: "nginx",
  peerValues: [20, 20, 20],
  kernelShares: { ours: [0.5, 0.4, 0.6], peer: [0.25, 0.25, 0.25] },
  ratios: [0.5, 0.6, 0.55],
  ratio: 0.55,
  budget: "<= 0.60x",
  holds: true,
};

describe("the page", () => {
  it("has a table for each group, in which a row tells figures, spread, kernel time and verdict", () => {
    const page = pageOf({ machine, rows: [row] }, groups);
    expect(page).toContain("## First\n\nAbout First.\n");
    expect(page).toContain(
      "| A \\| B, and why. (`first-row`) | 11 us CPU (10..12), kernel 50 % | nginx: 20 us CPU (20..20), kernel 25 % | 0.550x (0.500..0.600) | <= 0.60x | holds |",
    );
  });

  it("says which groups were not measured, and on what the others were", () => {
    const page = pageOf({ machine, rows: [row] }, groups);
    expect(page).toContain("## Second\n\nAbout Second.\n\nNot part of this run.");
    expect(page).toContain("Linux 6.1, Node v24, commit abc");
    expect(page).toContain("Versions: nginx 1.22.1.");
  });

  it("counts a row that could not be measured as one that does not hold", () => {
    const missing: BenchRow = {
      ...row,
      id: "gone",
      holds: false,
      ratio: null,
      ratios: [],
      peerValues: [],
      budget: null,
      missing: "no\nnginx",
    };
    const page = pageOf({ machine, rows: [row, missing] }, groups);
    expect(page).toContain("1 of 2 budgets hold.");
    expect(page).toContain("| nginx: - | - | - | **not measured**: no nginx |");
  });
});
