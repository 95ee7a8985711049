/** The `grpc-timeout` field: at most eight digits and a unit. */

const unitsMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };
const timeoutText = /^(\d{1,8})([HMSmun])$/;

/** Milliseconds of a field value; `undefined` when it is not valid. */
export function parseTimeout(text: string): number | undefined {
  const parts = timeoutText.exec(text);
  const unitMs = unitsMs[parts?.[2] ?? ""];
  return unitMs === undefined ? undefined : Number(parts?.[1]) * unitMs;
}

/** Field value of a time in milliseconds, rounded up; 0 and less become the shortest time. */
export function formatTimeout(timeoutMs: number): string {
  if (timeoutMs <= 0) return "1n";
  if (timeoutMs < 99_999)
    return `${Math.ceil(timeoutMs * 1e3)}u`.length <= 9 ? `${Math.ceil(timeoutMs * 1e3)}u` : `${Math.ceil(timeoutMs)}m`;
  if (timeoutMs < 99_999_999) return `${Math.ceil(timeoutMs)}m`;
  return `${Math.min(Math.ceil(timeoutMs / 1e3), 99_999_999)}S`;
}
