/** Parameters of a load that this runtime knows; others are left to whoever knows them. */
import { failure } from "@modelyard/core";

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };
const maxRunLimitMs = 86_400_000;

/** `runLimit`, for example `500ms`, `30s`, `2m`; `defaultMs` when absent. Throws `MODEL_LOAD_FAILED` when it is no duration from 1 ms to 24 h. */
export function parseRunLimitMs(parameters: Readonly<Record<string, string>>, defaultMs: number): number {
  const text = parameters["runLimit"];
  if (text === undefined) return defaultMs;
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text.trim()) ?? [];
  const limitMs = Math.round(Number(amount) * (unitsMs[unit ?? ""] ?? Number.NaN));
  if (limitMs >= 1 && limitMs <= maxRunLimitMs) return limitMs;
  throw failure("MODEL_LOAD_FAILED", {
    why: `the parameter "runLimit" is "${text.slice(0, 40)}" and must be a duration such as "500ms" or "30s"`,
  });
}

/** `isolation`: whether the model is asked to run in a process of its own. Throws `MODEL_LOAD_FAILED` when it is anything but `process`. */
export function parseIsIsolated(parameters: Readonly<Record<string, string>>): boolean {
  const text = parameters["isolation"]?.trim();
  if (text === undefined || text === "process") return text !== undefined;
  throw failure("MODEL_LOAD_FAILED", { why: `the parameter "isolation" is "${text.slice(0, 40)}" and must be "process"` });
}
