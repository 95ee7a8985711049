/** Runs checks against a server and counts what came of them. */
import type { Check, Finding, Subject } from "./check.ts";

/** What is printed of a check. */
export interface CheckResult extends Omit<Check, "run" | "needs" | "expected">, Finding {
  /** A wrong request that was refused, only not by the status or code that is wanted. */
  readonly isRefusedOtherwise?: true;
}

/** Counts of {@link CheckResult}s. */
export interface Totals extends Readonly<Record<Finding["outcome"], number>> {
  readonly checks: number;
  readonly wrongRequests: number;
}

/** Runs them one after the other. */
export async function runChecks(checks: readonly Check[], subject: Subject): Promise<readonly CheckResult[]> {
  const served = new Map<string, boolean>();
  const results: CheckResult[] = [];
  for (const check of checks) {
    const { run: _run, needs, ...facts } = check;
    const model = needs?.(subject);
    if (model !== undefined && !served.has(model)) served.set(model, await isServed(subject, model));
    const isMissing = model !== undefined && !served.get(model);
    results.push({ ...facts, ...(isMissing ? missing(model) : await findingOf(check, subject)) });
  }
  return results;
}

/** Counts outcomes. */
export function totalsOf(results: readonly CheckResult[]): Totals {
  const count = (outcome: Finding["outcome"]): number => results.filter((one) => one.outcome === outcome).length;
  return {
    pass: count("pass"),
    fail: count("fail"),
    unsupported: count("unsupported"),
    skip: count("skip"),
    checks: results.length,
    wrongRequests: results.filter(({ isWrong }) => isWrong).length,
  };
}

async function findingOf(check: Check, subject: Subject): Promise<Pick<CheckResult, "outcome" | "actual" | "isRefusedOtherwise">> {
  try {
    const { actual, isRight, isUnsupported = false, isRefused = false } = await check.run(subject);
    if (isRight) return { outcome: "pass", actual };
    if (isUnsupported) return { outcome: "unsupported", actual };
    return { outcome: "fail", actual, ...(isRefused && { isRefusedOtherwise: true }) };
  } catch (error) {
    return { outcome: "fail", actual: `no answer: ${causeOf(error)}` };
  }
}

function missing(model: string): Pick<CheckResult, "outcome" | "actual"> {
  return { outcome: "skip", actual: `the server has no model "${model}": write it with --write-models FOLDER and deploy it` };
}

async function isServed({ rest }: Subject, model: string): Promise<boolean> {
  return (await fetch(`${rest}/v2/models/${model}`)).ok;
}

/** `fetch` says why it failed in its cause. */
function causeOf(error: unknown): string {
  return error instanceof Error && error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : String(error);
}
