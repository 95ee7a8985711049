/**
 * Samples as Prometheus reads them: text format 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/).
 *
 * Invariants: the series of a name stand together, names in alphabetical order; labels are in alphabetical order, `le` last; a name has one kind,
 * that of its first sample, and samples of another kind are left out.
 */
import type { Labels, Sample } from "./metrics.ts";

/** The `content-type` of the text. */
export const prometheusContentType = "text/plain; version=0.0.4; charset=utf-8";

/** Options of {@link prometheusText}. */
export interface PrometheusTextOptions {
  /** What a metric means, by its name. Default: none has a HELP line. */
  readonly help?: Readonly<Record<string, string>>;
}

/** The text of some samples; empty when there are none. A bucket without an upper bound is written from the count. */
export function prometheusText(samples: readonly Sample[], { help = {} }: PrometheusTextOptions = {}): string {
  const byName = Map.groupBy(samples, ({ name }) => name);
  const names = [...byName.keys()].toSorted();
  const lines = names.flatMap((name) => metricLines(name, byName.get(name) ?? [], help[name]));
  return lines.map((line) => `${line}\n`).join("");
}

function metricLines(name: string, samples: readonly Sample[], meaning: string | undefined): readonly string[] {
  const kind = samples[0]?.kind ?? "gauge";
  const about = meaning === undefined ? [] : [`# HELP ${name} ${escapeHelp(meaning)}`];
  return [...about, `# TYPE ${name} ${kind}`, ...samples.filter((sample) => sample.kind === kind).flatMap(seriesLines)];
}

function seriesLines(sample: Sample): readonly string[] {
  const { name, labels, kind, value, count = 0, buckets = [] } = sample;
  if (kind !== "histogram") return [`${name}${labelText(labels)} ${numberText(value)}`];
  const line = (upTo: string, atMost: number): string => `${name}_bucket${labelText(labels, upTo)} ${numberText(atMost)}`;
  const bounded = buckets.filter(({ upTo }) => Number.isFinite(upTo));
  return [
    ...bounded.map((bucket) => line(numberText(bucket.upTo), bucket.count)),
    line("+Inf", count),
    `${name}_sum${labelText(labels)} ${numberText(value)}`,
    `${name}_count${labelText(labels)} ${numberText(count)}`,
  ];
}

function labelText(labels: Labels, upTo?: string): string {
  const pairs = Object.entries(labels)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  if (upTo !== undefined) pairs.push(`le="${upTo}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}
