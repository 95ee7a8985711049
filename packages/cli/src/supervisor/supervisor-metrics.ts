/** The metrics of a whole server on a port of the supervisor: its own samples, among them how often it started its children again, and those of its children. */
import type { Clock, Log, Sample } from "@modelyard/core";
import { collectSamples, type SampleSource } from "./collect-samples.ts";
import type { Role } from "./lock-record.ts";
import { type MetricsAccess, type MetricsPort, openMetricsPort } from "./metrics-port.ts";
import { processSamples } from "./process-samples.ts";
import type { Scrape, ScrapeVerdict } from "./scrape.ts";
import type { ServingProcess } from "./serving-processes.ts";

/** Where the metrics are, and who may read them. */
export interface MetricsOptions extends Pick<MetricsAccess, "port" | "mayDiffer" | "tls"> {
  /** Whether control is asked about each scrape. Default false. */
  readonly isAuthenticationRequired?: boolean;
}

/** What {@link SupervisorMetrics} works with. */
export interface SupervisorMetricsDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** The children there are. */
  readonly children: () => readonly ServingProcess[];
  /** Only control knows the keys. */
  readonly control: () => ServingProcess | undefined;
}

/** For control to judge a scrape. */
const authorizeLimitMs = 2_000;

/** See the module. */
export class SupervisorMetrics {
  readonly #deps: SupervisorMetricsDeps;
  /** Processes that ended unasked, by role. */
  readonly #restarts: Record<Role, number> = { control: 0, serving: 0 };
  #port: MetricsPort | undefined;

  constructor(deps: SupervisorMetricsDeps) {
    this.#deps = deps;
  }

  /** Opens the port and says where. Rejects with `PORT_BUSY` or `ADDRESS_UNUSABLE`. */
  async open(address: string, options: MetricsOptions): Promise<string> {
    const { clock, log } = this.#deps;
    const { isAuthenticationRequired = false, ...where } = options;
    const authorize = isAuthenticationRequired ? (scrape: Scrape) => this.#authorize(scrape) : undefined;
    // Known to `close` before anything else can fail: an open port would keep the process alive.
    this.#port = await openMetricsPort({ ...where, address, authorize, collect: () => this.#samples(), clock, log });
    return this.#port.url;
  }

  noteRestart(role: Role): void {
    this.#restarts[role]++;
  }

  /** Idempotent. */
  close(): void {
    this.#port?.close();
  }

  #authorize(scrape: Scrape): Promise<ScrapeVerdict | undefined> {
    return this.#deps.control()?.process.authorize(scrape, authorizeLimitMs) ?? Promise.resolve(undefined);
  }

  #samples(): Promise<readonly Sample[]> {
    const own: SampleSource = { name: "supervisor", samples: async () => [...processSamples(), ...this.#restartSamples()] };
    const sources = this.#deps
      .children()
      .map(({ name, process }): SampleSource => ({ name, samples: (limitMs) => process.samples(limitMs) }));
    return collectSamples([own, ...sources]);
  }

  #restartSamples(): readonly Sample[] {
    return Object.entries(this.#restarts).map(([role, value]) => ({
      name: "modelyard_process_restarts_total",
      labels: { role },
      kind: "counter",
      value,
    }));
  }
}
