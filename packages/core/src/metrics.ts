/**
 * Metrics as a port: counters, gauges and histograms cheap enough for the request path (an array store each), read as a snapshot.
 * Names are Prometheus names with the unit last.
 */

/** Labels of one series. */
export type Labels = Readonly<Record<string, string>>;

/** A number that only grows. */
export interface Counter {
  add(amount?: number): void;
}

/** A number that goes up and down. */
export interface Gauge {
  set(value: number): void;
}

/** A distribution over fixed buckets. */
export interface Histogram {
  observe(value: number): void;
}

/** One series as it stands. */
export interface Sample {
  readonly name: string;
  readonly labels: Labels;
  readonly kind: "counter" | "gauge" | "histogram";
  /** Counter or gauge value; for a histogram the sum of what was observed. */
  readonly value: number;
  /** Histograms only: how many were observed, and cumulative counts by upper bound. */
  readonly count?: number;
  readonly buckets?: readonly { readonly upTo: number; readonly count: number }[];
}

/** Where series are made, once, at registration; the same name and labels give the same series. */
export interface Metrics {
  counter(name: string, labels?: Labels): Counter;
  gauge(name: string, labels?: Labels): Gauge;
  histogram(name: string, bounds: readonly number[], labels?: Labels): Histogram;
  snapshot(): readonly Sample[];
}

/** Most series one registry holds; beyond it new ones share a sink that counts nothing, so labels from outside cannot exhaust memory. */
export const maxSeries = 20_000;

interface Series {
  sample(): Sample;
}

/** A registry in memory. */
export function metricsRegistry(): Metrics {
  const series = new Map<string, Series>();
  const open = <S extends Series>(key: string, make: () => S): S => {
    const known = series.get(key);
    // One key is only ever used with one maker: it starts with the kind.
    if (known) return known as S;
    const made = make();
    if (series.size < maxSeries) series.set(key, made);
    return made;
  };
  return {
    counter: (name, labels = {}) => open(`counter ${seriesKey(name, labels)}`, () => scalar("counter", name, labels)),
    gauge: (name, labels = {}) => open(`gauge ${seriesKey(name, labels)}`, () => scalar("gauge", name, labels)),
    histogram: (name, bounds, labels = {}) => open(`histogram ${seriesKey(name, labels)}`, () => buckets(name, bounds, labels)),
    snapshot: () => [...series.values()].map((one) => one.sample()),
  };
}

function seriesKey(name: string, labels: Labels): string {
  return name + JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function scalar(kind: "counter" | "gauge", name: string, labels: Labels): Series & Counter & Gauge {
  let value = 0;
  return {
    add(amount = 1) {
      value += amount;
    },
    set(next) {
      value = next;
    },
    sample: () => ({ name, labels, kind, value }),
  };
}

function buckets(name: string, bounds: readonly number[], labels: Labels): Series & Histogram {
  const counts = new Float64Array(bounds.length + 1);
  let sum = 0;
  return {
    observe(value) {
      sum += value;
      let index = 0;
      while (index < bounds.length && value > (bounds[index] ?? 0)) index++;
      counts[index] = (counts[index] ?? 0) + 1;
    },
    sample() {
      let count = 0;
      const cumulative = [...bounds, Number.POSITIVE_INFINITY].map((upTo, index) => {
        count += counts[index] ?? 0;
        return { upTo, count };
      });
      return { name, labels, kind: "histogram", value: sum, count, buckets: cumulative };
    },
  };
}
