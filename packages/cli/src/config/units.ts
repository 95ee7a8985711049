/** Sizes and durations as people write them. */

const byteUnits: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 1e3,
  kb: 1e3,
  m: 1e6,
  mb: 1e6,
  g: 1e9,
  gb: 1e9,
  t: 1e12,
  tb: 1e12,
  ki: 2 ** 10,
  kib: 2 ** 10,
  mi: 2 ** 20,
  mib: 2 ** 20,
  gi: 2 ** 30,
  gib: 2 ** 30,
  ti: 2 ** 40,
  tib: 2 ** 40,
};

const milliseconds: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Bytes of `512MiB`, `2Gi`, `1.5GB` or `1048576`; undefined when the text is no size. Kubernetes' suffixes mean what they mean there. */
export function parseBytes(text: string): number | undefined {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/.exec(text.trim()) ?? [];
  const factor = byteUnits[unit?.toLowerCase() ?? "-"];
  if (number === undefined || factor === undefined) return undefined;
  const bytes = Math.floor(Number(number) * factor);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Milliseconds of `120s`, `500ms`, `1m30s`, `2h`, or a number of seconds; undefined when the text is no duration. */
export function parseDuration(text: string): number | undefined {
  const compact = text.trim();
  if (/^\d+(\.\d+)?$/.test(compact)) return Math.round(Number(compact) * 1_000);
  if (!/^(\d+(\.\d+)?(ms|[smhd]))+$/.test(compact)) return undefined;
  let totalMs = 0;
  for (const [, number, unit] of compact.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g))
    totalMs += Number(number) * (milliseconds[unit ?? ""] ?? 0);
  return Math.round(totalMs);
}

/** `512 MiB`, with at most one decimal. */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let index = 0;
  let value = bytes;
  while (value >= 1_024 && index < units.length - 1) {
    value /= 1_024;
    index++;
  }
  return `${Number(value.toFixed(1))} ${units[index] ?? ""}`;
}

/** `1m30s`, `2s`, `500ms`. */
export function formatDuration(durationMs: number): string {
  if (durationMs % 1_000 !== 0) return `${durationMs}ms`;
  const seconds = durationMs / 1_000;
  const [minutes, rest] = [Math.floor(seconds / 60), seconds % 60];
  return [minutes > 0 ? `${minutes}m` : "", rest > 0 || minutes === 0 ? `${rest}s` : ""].join("");
}
