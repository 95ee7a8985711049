import { describe, expect, it } from "vitest";
import { metricsRegistry, type Sample } from "./metrics.ts";
import { prometheusText } from "./prometheus-text.ts";

function registry(): readonly Sample[] {
  const metrics = metricsRegistry();
  metrics.counter("requests_total", { method: "infer", code: "OK" }).add(3);
  metrics.gauge("used_bytes").set(1.5e9);
  metrics.counter("requests_total", { code: "NOT_FOUND", method: "infer" }).add();
  const histogram = metrics.histogram("duration_seconds", [0.1, 1], { zone: "a" });
  for (const seconds of [0.05, 0.1, 0.5, 7]) histogram.observe(seconds);
  return metrics.snapshot();
}

describe("prometheusText()", () => {
  it("writes counters, gauges and histograms, grouped and ordered by name", () => {
    expect(prometheusText(registry(), { help: { requests_total: "Requests\nthat were answered, \\ included" } })).toBe(
      `# TYPE duration_seconds histogram
duration_seconds_bucket{zone="a",le="0.1"} 2
duration_seconds_bucket{zone="a",le="1"} 3
duration_seconds_bucket{zone="a",le="+Inf"} 4
duration_seconds_sum{zone="a"} 7.65
duration_seconds_count{zone="a"} 4
# HELP requests_total Requests\\nthat were answered, \\\\ included
# TYPE requests_total counter
requests_total{code="OK",method="infer"} 3
requests_total{code="NOT_FOUND",method="infer"} 1
# TYPE used_bytes gauge
used_bytes 1500000000
`,
    );
  });

  it("writes the same for a histogram whose last bucket was lost on the way, as JSON has no infinity", () => {
    const text = prometheusText(registry());
    const cut = registry().map((sample) => ({ ...sample, ...(sample.buckets && { buckets: sample.buckets.slice(0, -1) }) }));
    expect(prometheusText(cut)).toBe(text);
  });

  it("escapes what a label may not hold", () => {
    const sample: Sample = { name: "a", labels: { model: 'back\\slash "quoted"\nline' }, kind: "gauge", value: 1 };
    expect(prometheusText([sample])).toContain('a{model="back\\\\slash \\"quoted\\"\\nline"} 1\n');
  });

  it.each([
    [Number.NaN, "NaN"],
    [Number.POSITIVE_INFINITY, "+Inf"],
    [Number.NEGATIVE_INFINITY, "-Inf"],
    [1e21, "1e+21"],
  ])("writes %s as %s", (value, text) => {
    expect(prometheusText([{ name: "a", labels: {}, kind: "gauge", value }])).toBe(`# TYPE a gauge\na ${text}\n`);
  });

  it("leaves out samples whose kind is not that of the first of their name", () => {
    const samples = (["counter", "gauge"] as const).map((kind): Sample => ({ name: "a", labels: { kind }, kind, value: 1 }));
    expect(prometheusText(samples)).toBe('# TYPE a counter\na{kind="counter"} 1\n');
  });

  it("is empty without samples", () => {
    expect(prometheusText([])).toBe("");
  });
});
