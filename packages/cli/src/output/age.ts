/** Ages as tables show them: `7s`, `3m5s`, `2h10m`, `5d`. */

/** The time since a date, in at most two units; empty when the text is no date. */
export function formatAge(timestamp: string | undefined, nowMs: number): string {
  const thenMs = timestamp === undefined ? Number.NaN : Date.parse(timestamp);
  if (Number.isNaN(thenMs)) return "";
  const seconds = Math.max(0, Math.floor((nowMs - thenMs) / 1_000));
  const [minutes, hours, days] = [Math.floor(seconds / 60), Math.floor(seconds / 3_600), Math.floor(seconds / 86_400)];
  if (minutes < 2) return `${seconds}s`;
  if (minutes < 10) return join(`${minutes}m`, seconds % 60, "s");
  if (hours < 2) return `${minutes}m`;
  if (hours < 8) return join(`${hours}h`, minutes % 60, "m");
  if (days < 2) return `${hours}h`;
  return `${days}d`;
}

function join(whole: string, rest: number, restUnit: string): string {
  return rest === 0 ? whole : `${whole}${rest}${restUnit}`;
}
