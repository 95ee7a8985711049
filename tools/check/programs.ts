/** The checks that other programs make: types, lint, format, dead code. Their own counts are read from what they print. */
import { capture, files, program } from "../repository.ts";
import type { CheckResult } from "./result.ts";

/** `tsc -b`: types of packages and tools. */
export async function checkTypes(): Promise<CheckResult> {
  const { status, output } = await capture(program("tsc"), ["-b"]);
  return {
    name: "types",
    examined: files("packages/*/src/**/*.ts", "tools/**/*.ts").length,
    unit: "files",
    floor: 450,
    findings: lines(status, output),
  };
}

/** oxlint with type-aware rules. */
export async function checkLint(): Promise<CheckResult> {
  const { status, output } = await capture(program("oxlint"), ["--type-aware", "--deny-warnings", "."]);
  const examined = Number(/on (\d+) files/.exec(output)?.[1] ?? 0);
  return { name: "lint", examined, unit: "files", floor: 450, findings: lines(status, output) };
}

/** biome: format and import order. */
export async function checkFormat(): Promise<CheckResult> {
  const { status, output } = await capture(program("biome"), ["check", "."]);
  const examined = Number(/Checked (\d+) files/.exec(output)?.[1] ?? 0);
  return { name: "format", examined, unit: "files", floor: 450, findings: lines(status, output) };
}

/** knip: files, exports and dependencies nobody uses. */
export async function checkDeadCode(): Promise<CheckResult> {
  const { status, output } = await capture(program("knip"), ["--no-progress", "--no-config-hints"]);
  return {
    name: "dead code",
    examined: files("packages/*/src/**/*.ts", "tools/**/*.ts").length,
    unit: "files",
    floor: 450,
    findings: lines(status, output),
  };
}

function lines(status: number, output: string): readonly string[] {
  if (status === 0) return [];
  return output.trim() === "" ? [`ended with status ${status} and printed nothing`] : output.trimEnd().split("\n");
}
