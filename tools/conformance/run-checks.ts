/** Runs checks against a server and counts what came of them. */
import type { Check, Finding, Subject } from "./check.ts";
import { exchange, field } from "./rest-exchange.ts";

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
  const results: CheckResult[] = [];
  for await (const result of checkResults(checks, subject)) results.push(result);
  return results;
}

/** The same, each result when it is there. */
export async function* checkResults(checks: readonly Check[], subject: Subject): AsyncGenerator<CheckResult, void> {
  const served = new Map<string, boolean>();
  const extensions = await extensionsOf(subject);
  for (const check of checks) {
    const { run: _run, needs, ...facts } = check;
    const model = needs?.(subject);
    if (model !== undefined && !served.has(model)) served.set(model, await isServed(subject, model));
    const isMissing = model !== undefined && !served.get(model);
    const finding = isMissing ? missing(model) : await findingOf(check, subject);
    yield {
      ...facts,
      ...(finding.outcome === "fail" && !lists(extensions, check.extension) ? { ...finding, outcome: "unsupported" } : finding),
    };
  }
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

/** As the server metadata lists them. */
async function extensionsOf({ rest }: Subject): Promise<readonly unknown[]> {
  try {
    const { json } = await exchange(rest, { path: "/v2" });
    const extensions = field(json, "extensions");
    return Array.isArray(extensions) ? extensions : [];
  } catch {
    // An answer that cannot be read lists nothing; the checks of the metadata say so.
    return [];
  }
}

/** Servers add words behind the names of extensions. */
function lists(extensions: readonly unknown[], extension: string | undefined): boolean {
  return extension === undefined || extensions.some((one) => typeof one === "string" && one.startsWith(extension));
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
