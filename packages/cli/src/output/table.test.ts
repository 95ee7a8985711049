import { describe, expect, it } from "vitest";
import { formatAge } from "./age.ts";
import { outputTo } from "./output.ts";
import { formatFields, formatTable } from "./table.ts";

describe("formatTable()", () => {
  it("makes each column as wide as its widest cell, without spaces at the end of a line", () => {
    expect(
      formatTable(
        ["NAME", "READY"],
        [
          ["a", true],
          ["longer", null],
        ],
      ),
    ).toBe("NAME    READY\na       true\nlonger");
  });

  it("counts the columns of a terminal, not the characters", () => {
    expect(
      formatTable(
        ["N", "X"],
        [
          ["数字", 1],
          ["é", 2],
          ["e\u0301", 3],
        ],
      ),
    ).toBe("N     X\n数字  1\né     2\ne\u0301     3");
  });

  it("keeps a cell on one line, whatever it holds", () => {
    expect(formatTable(["A", "B"], [["x\n\u001b[31my", "z"]])).toBe("A         B\nx [31my  z".replace("A         B", "A        B"));
  });
});

describe("formatFields()", () => {
  it("aligns values and leaves out what is absent", () => {
    expect(
      formatFields(
        [
          ["Name", "digits"],
          ["Nothing", undefined],
          ["Revision", 0],
        ],
        "  ",
      ),
    ).toBe("  Name:      digits\n  Revision:  0");
  });
});

describe("formatAge()", () => {
  const nowMs = Date.parse("2026-01-02T00:00:00Z");
  it.each([
    ["2026-01-02T00:00:10Z", "0s"],
    ["2026-01-01T23:58:59Z", "61s"],
    ["2026-01-01T23:55:30Z", "4m30s"],
    ["2026-01-01T23:55:00Z", "5m"],
    ["2026-01-01T23:00:00Z", "60m"],
    ["2026-01-01T20:50:00Z", "3h10m"],
    ["2026-01-01T10:00:00Z", "14h"],
    ["2025-12-25T00:00:00Z", "8d"],
    ["soon", ""],
    [undefined, ""],
  ])("of %s is %s", (timestamp, age) => {
    expect(formatAge(timestamp, nowMs)).toBe(age);
  });
});

describe("outputTo()", () => {
  function recorded(
    form: "table" | "json" | "yaml",
    isTTY: boolean,
  ): { output: ReturnType<typeof outputTo>; out: string[]; err: string[] } {
    const [out, err]: [string[], string[]] = [[], []];
    const output = outputTo(form, {
      stdout: { write: (text) => out.push(text) },
      stderr: { write: (text) => err.push(text), isTTY, columns: 20 },
    });
    return { output, out, err };
  }

  it.each([
    ["table", "text\n"],
    ["json", '{\n  "a": 1\n}\n'],
    ["yaml", "a: 1\n"],
  ] as const)("prints the answer as %s", (form, text) => {
    const { output, out } = recorded(form, false);
    output.answer({ a: 1 }, () => "text");
    expect(out).toEqual([text]);
  });

  it("draws a live line on a terminal, cut to its width, and takes it away before anything else", () => {
    const { output, err } = recorded("table", true);
    output.live("fetching a very long name");
    output.note("a note");
    output.live("");
    expect(err).toEqual(["\r\u001b[2Kfetching a very lon", "\r\u001b[2K", "a note\n", "\r\u001b[2Kfetching a very lon", "\r\u001b[2K"]);
  });

  it("draws none elsewhere", () => {
    const { output, err } = recorded("table", false);
    output.live("fetching");
    expect(err).toEqual([]);
  });
});
