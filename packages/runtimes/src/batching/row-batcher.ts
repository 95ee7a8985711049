/**
 * Natural batching of one model: what is there when the model is free is run as one. Requests of one turn of the event loop meet; a lone request
 * after a lone request is run at the end of the callback that brought it, so that who comes alone does not wait for company. With a delay, which
 * has to be asked for, the first waits so long for more, or until there are enough.
 *
 * Invariants: the answer of a request does not depend on its company; a run that fails as one is run again request by request, so that a bad
 * request fails alone; bytes of a request are copied before `infer` returns, or it was run: those of a socket are written over afterwards.
 *
 * Hot path. Budget: 0.4 µs a request with one input and one output, its copy included; who waits is called back, because a promise for each and what
 * continues behind it costs as much again (`row-batcher.bench.ts`).
 */
import type { Tensor } from "@modelyard/codec";
import type { Clock, Timer } from "@modelyard/core";
import type { InferRequest, InferResult, InferSink } from "../contract.ts";
import { runAlone } from "./infer-sink.ts";
import type { Batching } from "./plan-batching.ts";
import { rowCountOf, splitRows } from "./row-batch.ts";
import { RowStage } from "./row-stage.ts";

/** What {@link RowBatcher} works with. */
export interface RowBatcherDeps {
  /** Runs one request. */
  readonly run: (request: InferRequest) => InferResult;
  readonly batching: Batching;
  readonly clock: Clock;
}

/** What is run as one: rows and who waits for them, in the same order. */
interface Company {
  readonly stage: RowStage;
  readonly rowCounts: number[];
  readonly sinks: InferSink[];
}

/** A run that is over. */
interface DoneRun {
  readonly outputs: readonly Tensor[];
  readonly runMs: number;
}

const mostCompared = 8;

/** See the module. */
export class RowBatcher {
  readonly #deps: RowBatcherDeps;
  #waiting: Company[] = [];
  #isScheduled = false;
  #timer: Timer | undefined;
  /** Memory of the last run: taking new for each lone request would cost more than all else that is done for it. */
  #spare: readonly Uint8Array[] = [];
  /** Whether the last run had company: then the rest of the turn is waited for. */
  #hasCompany = false;

  constructor(deps: RowBatcherDeps) {
    this.#deps = deps;
  }

  /** Requests that wait for the end of the turn. */
  get waitingCount(): number {
    return this.#waiting.reduce((sum, { sinks }) => sum + sinks.length, 0);
  }

  /** A request without rows is run alone, at once. Never throws. */
  infer(request: InferRequest, sink: InferSink): void {
    const rows = rowCountOf(request);
    if (rows === undefined) return runAlone(() => this.#deps.run(request), sink);
    const company = this.#companyFor(request, rows);
    company.rowCounts.push(rows);
    company.sinks.push(sink);
    this.#schedule(company.stage.rows);
  }

  /** That of requests like this one with room for it, or a new one. */
  #companyFor(request: InferRequest, rows: number): Company {
    const waiting = this.#waiting;
    // Requests of very many forms at once must not each be compared with all of them.
    for (let index = waiting.length - 1; index >= Math.max(0, waiting.length - mostCompared); index--) {
      const known = waiting[index];
      if (known?.stage.add(request, rows)) return known;
    }
    const company = { stage: new RowStage(request, this.#deps.batching.maxRows, this.#spare), rowCounts: [], sinks: [] };
    this.#spare = [];
    company.stage.add(request, rows);
    waiting.push(company);
    return company;
  }

  #schedule(rows: number): void {
    const { batching, clock } = this.#deps;
    if (batching.maxDelayMs > 0 && rows < batching.startRows) {
      this.#timer ??= clock.setTimer(batching.maxDelayMs, this.#run);
      return;
    }
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    if (this.#hasCompany) setImmediate(this.#run);
    else queueMicrotask(this.#run);
  }

  readonly #run = (): void => {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#isScheduled = false;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#hasCompany = waiting.length > 1 || (waiting[0]?.sinks.length ?? 0) > 1;
    for (const company of waiting) this.#runCompany(company);
  };

  #runCompany(company: Company): void {
    const { clock, run } = this.#deps;
    const startMs = clock.monotonicMs();
    const done = (outputs: readonly Tensor[]): void => this.#finish(company, { outputs, runMs: clock.monotonicMs() - startMs });
    const failed = (error: unknown): void => void this.#runEach(company, error);
    runAlone(() => run(company.stage.request()), { ran: done, failed });
  }

  #finish(company: Company, { outputs, runMs }: DoneRun): void {
    const { stage, rowCounts, sinks } = company;
    const parts = sinks.length === 1 ? [outputs] : splitRows(outputs, rowCounts);
    if (!parts) return void this.#runEach(company, undefined);
    this.#spare = stage.spare(sinks.length === 1);
    const last = sinks.length - 1;
    const shared = { rows: stage.rows, requests: sinks.length, runMs, isCounted: false };
    for (let index = 0; index < last; index++) sinks[index]?.ran(parts[index] ?? [], shared);
    sinks[last]?.ran(parts[last] ?? [], { ...shared, isCounted: true });
  }

  /** One of them is at fault, or they are too much together: each by itself says which. Never rejects. */
  async #runEach({ stage, rowCounts, sinks }: Company, error: unknown): Promise<void> {
    if (sinks.length === 1) return sinks[0]?.failed(error);
    const { inputs, outputNames } = stage.request();
    const parts = splitRows(inputs, rowCounts);
    for (const [index, sink] of sinks.entries()) {
      try {
        sink.ran(await this.#deps.run({ inputs: parts?.[index] ?? [], outputNames }), undefined);
      } catch (own) {
        sink.failed(own);
      }
    }
  }
}
