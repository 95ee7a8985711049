/** Patterns of file names as huggingface_hub reads them: `*`, `?` and `[…]` (Python's fnmatch), where `*` also crosses `/`; `folder/` means all below it. */

/** Which paths a source wants. */
export function wantedPaths(patterns: {
  readonly allow?: readonly string[];
  readonly ignore?: readonly string[];
}): (path: string) => boolean {
  const allow = patterns.allow?.map(expressionOf);
  const ignore = (patterns.ignore ?? []).map(expressionOf);
  return (path) => (allow === undefined || allow.some((one) => one.test(path))) && !ignore.some((one) => one.test(path));
}

function expressionOf(pattern: string): RegExp {
  const whole = pattern.endsWith("/") ? `${pattern}*` : pattern;
  // Runs of stars are one: each further one would only multiply the ways to match.
  const source = whole.replaceAll(/\*+|\?|\[!?\]?[^\]]*\]|[^*?[]|\[/gs, (part) => {
    if (part.startsWith("*")) return ".*";
    if (part === "?") return ".";
    if (part.length > 2 && part.startsWith("[")) return classOf(part);
    return part.replace(/[\\^$.|+(){}[\]]/g, "\\$&");
  });
  return new RegExp(`^${source}$`, "s");
}

function classOf(part: string): string {
  const isNegated = part.startsWith("[!");
  const members = part.slice(isNegated ? 2 : 1, -1).replaceAll(/[\\\]^[]/g, (one) => `\\${one}`);
  return `[${isNegated ? "^" : ""}${members}]`;
}
