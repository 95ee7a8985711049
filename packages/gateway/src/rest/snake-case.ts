/** Our own answers in the words of the protocol's JSON, whose members are written with underscores. */

/** A plain value of our own with the name of every member changed: `batchStats` to `batch_stats`. Values are left alone. */
export function snakeCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCase);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [snakeName(name), snakeCase(member)]));
}

function snakeName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
