/**
 * Sizes: no file over 500 lines, no function over 70 (blank and comment lines not counted), and the distribution the house style asks for.
 * `ratchet.json` lists exceptions with their present size; an entry may shrink, never grow, and goes when it is no longer needed.
 */
import { parseSync } from "oxc-parser";
import { files, read } from "../repository.ts";
import type { CheckResult } from "./result.ts";

interface Sized {
  readonly name: string;
  readonly lines: number;
}

const limits = { file: 500, function: 70 } as const;
/** Of the sources, tests left out: upper bounds of a quantile. */
const spread = [
  { what: "file", quantile: 0.5, atMost: 120 },
  { what: "file", quantile: 0.9, atMost: 300 },
  { what: "function", quantile: 0.5, atMost: 12 },
  { what: "function", quantile: 0.9, atMost: 40 },
  { what: "function", quantile: 0.99, atMost: 70 },
] as const;

/** Runs the check. */
export function checkSizes(): CheckResult {
  const paths = files("packages/*/src/**/*.ts", "tools/**/*.ts", "packages/*/bin/*.mjs");
  const ratchet = JSON.parse(read("ratchet.json")) as Record<string, number>;
  const all = paths.map((path) => measure(path));
  const sources = all.filter(({ file }) => !/\.test\.ts$|\/testing\/|^tools\//.test(file.name));
  const measured = { file: sources.map(({ file }) => file), function: sources.flatMap(({ functions }) => functions) };
  const over = all.flatMap(({ file, functions }) => {
    const isTest = /\.test\.ts$|\/testing\//.test(file.name);
    return [
      ...overLimit(file, limits.file, ratchet),
      ...(isTest ? [] : functions.flatMap((one) => overLimit(one, limits.function, ratchet))),
    ];
  });
  const known = new Set(all.flatMap(({ file, functions }) => [file, ...functions]).map(({ name }) => name));
  const stale = Object.keys(ratchet).flatMap((name) =>
    known.has(name) ? [] : [`ratchet.json: "${name}" no longer exists: remove the entry`],
  );
  const shape = spread.flatMap(({ what, quantile, atMost }) => {
    const found = quantileOf(measured[what], quantile);
    return found > atMost ? [`the ${quantile * 100} % ${what} has ${found} lines where at most ${atMost} are wanted`] : [];
  });
  return { name: "sizes", examined: measured.function.length, unit: "functions", floor: 2500, findings: [...over, ...stale, ...shape] };
}

function overLimit(one: Sized, limit: number, ratchet: Readonly<Record<string, number>>): readonly string[] {
  const allowed = ratchet[one.name];
  if (allowed !== undefined && one.lines <= limit) return [`ratchet.json: "${one.name}" has ${one.lines} lines now: remove the entry`];
  return one.lines > Math.max(limit, allowed ?? 0) ? [`${one.name}: ${one.lines} lines where at most ${allowed ?? limit} are allowed`] : [];
}

function quantileOf(sizes: readonly Sized[], quantile: number): number {
  const sorted = sizes.map(({ lines }) => lines).toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))] ?? 0;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

function measure(path: string): { readonly file: Sized; readonly functions: readonly Sized[] } {
  const text = read(path);
  const parsed = parseSync(path, text);
  const counted = blankComments(text, parsed.comments);
  const functions: Sized[] = [];
  visit(parsed.program as unknown as Node, "", (node, name) => {
    if (node.type === "FunctionDeclaration" || node.type === "FunctionExpression" || node.type === "ArrowFunctionExpression") {
      functions.push({ name: `${path}#${name || "anonymous"}`, lines: lineCount(counted.slice(node.start, node.end)) });
    }
  });
  return { file: { name: path, lines: lineCount(counted) }, functions };
}

function blankComments(text: string, comments: readonly { readonly start: number; readonly end: number }[]): string {
  let result = "";
  let at = 0;
  for (const { start, end } of comments) {
    result += text.slice(at, start) + text.slice(start, end).replaceAll(/[^\n]/g, " ");
    at = end;
  }
  return result + text.slice(at);
}

function lineCount(text: string): number {
  return text.split("\n").filter((line) => line.trim() !== "").length;
}

function visit(node: Node, name: string, onNode: (node: Node, name: string) => void): void {
  onNode(node, name);
  const own = nameOf(node) ?? name;
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) visit(child, own, onNode);
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string" && "start" in value;
}

function nameOf(node: Node): string | undefined {
  const named = [node["id"], node["key"]].find((part) => isNode(part) && typeof part["name"] === "string") as Node | undefined;
  return named?.["name"] as string | undefined;
}
