/**
 * Natural batching of one model: what is there when the model is free is run as one. Requests of one turn of the event loop meet; a lone request
 * after a lone request is run at the end of the callback that brought it, so that who comes alone does not wait for company. With a delay, which
 * has to be asked for, the first waits so long for more, or until there are enough.
 *
 * Invariants: the answer of a request does not depend on its company; a run that fails as one is run again request by request, so that a bad
 * request fails alone; bytes of a request are copied before `infer` returns, or it was run: those of a socket are written over afterwards.
 */
import type { Tensor } from "@modelyard/codec";
import type { Clock, Timer } from "@modelyard/core";
import type { InferRequest, InferResult } from "../contract.ts";
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

interface Waiting {
  readonly rows: number;
  readonly resolve: (outputs: readonly Tensor[]) => void;
  readonly reject: (error: unknown) => void;
}

/** What is run as one. */
interface Company {
  readonly stage: RowStage;
  readonly members: Waiting[];
}

const mostCompared = 8;

/** See the module. */
export class RowBatcher {
  readonly #deps: RowBatcherDeps;
  #waiting: Company[] = [];
  #isScheduled = false;
  #timer: Timer | undefined;
  /** Memory of the last run that had company: who comes alone keeps none. */
  #spare: readonly Uint8Array[] = [];
  /** Whether the last run had company: then the rest of the turn is waited for. */
  #hasCompany = false;

  constructor(deps: RowBatcherDeps) {
    this.#deps = deps;
  }

  /** Requests that wait for the end of the turn. */
  get waitingCount(): number {
    return this.#waiting.reduce((sum, { members }) => sum + members.length, 0);
  }

  /** A request without rows is run alone, at once. */
  infer(request: InferRequest): InferResult {
    const rows = rowCountOf(request);
    if (rows === undefined) return this.#deps.run(request);
    return new Promise((resolve, reject) => {
      const company = this.#companyFor(request, rows);
      company.members.push({ rows, resolve, reject });
      this.#schedule(company.stage.rows);
    });
  }

  /** That of requests like this one with room for it, or a new one. */
  #companyFor(request: InferRequest, rows: number): Company {
    // Requests of very many forms at once must not each be compared with all of them.
    const known = this.#waiting.slice(-mostCompared).findLast(({ stage }) => stage.add(request, rows));
    if (known) return known;
    const company = { stage: new RowStage(request, this.#deps.batching.maxRows, this.#spare), members: [] };
    this.#spare = [];
    company.stage.add(request, rows);
    this.#waiting.push(company);
    return company;
  }

  #schedule(rows: number): void {
    const { batching, clock } = this.#deps;
    if (batching.maxDelayMs > 0 && rows < batching.maxRows) {
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
    this.#hasCompany = waiting.length > 1 || (waiting[0]?.members.length ?? 0) > 1;
    for (const company of waiting) this.#runCompany(company);
  };

  #runCompany(company: Company): void {
    let running: InferResult;
    try {
      running = this.#deps.run(company.stage.request());
    } catch (error) {
      void this.#runEach(company, error);
      return;
    }
    if (running instanceof Promise) void this.#finishLater(company, running);
    else void this.#finish(company, running);
  }

  /** Never rejects. */
  async #finishLater(company: Company, running: Promise<readonly Tensor[]>): Promise<void> {
    try {
      await this.#finish(company, await running);
    } catch (error) {
      await this.#runEach(company, error);
    }
  }

  /** Never rejects. */
  async #finish(company: Company, outputs: readonly Tensor[]): Promise<void> {
    const { stage, members } = company;
    const [only] = members;
    if (members.length === 1) return only?.resolve(outputs);
    const parts = splitRows(
      outputs,
      members.map(({ rows }) => rows),
    );
    if (!parts) return this.#runEach(company, undefined);
    this.#spare = stage.spare();
    for (const [index, { resolve }] of members.entries()) resolve(parts[index] ?? []);
  }

  /** One of them is at fault, or they are too much together: each by itself says which. Never rejects. */
  async #runEach({ stage, members }: Company, error: unknown): Promise<void> {
    const [only] = members;
    if (members.length === 1) return only?.reject(error);
    const { inputs, outputNames } = stage.request();
    const parts = splitRows(
      inputs,
      members.map(({ rows }) => rows),
    );
    for (const [index, { resolve, reject }] of members.entries()) {
      try {
        resolve(await this.#deps.run({ inputs: parts?.[index] ?? [], outputNames }));
      } catch (own) {
        reject(own);
      }
    }
  }
}
