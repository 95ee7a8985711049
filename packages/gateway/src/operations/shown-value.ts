/** A value from a client as error messages show it: as JSON, and never more than a line of it. */
export function shownValue(value: unknown): string {
  const text = typeof value === "bigint" ? String(value) : (JSON.stringify(value) ?? "nothing");
  return text.length > longestShown ? `${text.slice(0, longestShown)}…` : text;
}

const longestShown = 100;
