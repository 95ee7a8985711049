import { expect, test } from "vitest";
import { ageText } from "./object-table.ts";

test.each([
  [-5, "0s"],
  [59_999, "59s"],
  [90_000, "1m30s"],
  [600_000, "10m"],
  [3_660_000, "1h1m"],
  [9 * 3_600_000, "9h"],
  [51 * 3_600_000, "2d3h"],
  [100 * 86_400_000, "100d"],
])("ageText(%i) is %s", (ms, text) => expect(ageText(ms)).toBe(text));
