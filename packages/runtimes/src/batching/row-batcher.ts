/**
 * Natural batching of one model: what is there when the model is free is run as one. Requests of one turn of the event loop meet; a lone request
 * after a lone request is run at the end of the callback that brought it, so that who comes alone does not wait for company. With a delay, which
 * has to be asked for, the first waits so long for more, or until there are enough.
 *
 * Invariants: the answer of a request does not depend on its company; a run that fails as one is run again request by request, so that a bad
 * request fails alone; bytes of a request are copied before `infer` returns, or it was run.
 */
import type { Tensor } from "@modelyard/codec";
import type { Clock, Timer } from "@modelyard/core";
import type { InferRequest, InferResult } from "../contract.ts";
import type { Batching } from "./plan-batching.ts";
import { gatherRows, isAlike, rowCountOf, splitRows } from "./row-batch.ts";

/** What {@link RowBatcher} works with. */
export interface RowBatcherDeps {
  /** Runs one request. */
  readonly run: (request: InferRequest) => InferResult;
  readonly batching: Batching;
  readonly clock: Clock;
  /** Whether bytes of requests stay as they are; otherwise they are copied: those of a socket are written over after the callback that brought them. */
  readonly areBytesLasting: boolean;
}

interface Waiting {
  readonly request: InferRequest;
  /** `undefined`: it is run alone. */
  readonly rows: number | undefined;
  readonly resolve: (outputs: readonly Tensor[]) => void;
  readonly reject: (error: unknown) => void;
}

/** See the module. */
export class RowBatcher {
  readonly #deps: RowBatcherDeps;
  #waiting: Waiting[] = [];
  #waitingRows = 0;
  #isScheduled = false;
  #timer: Timer | undefined;
  /** Whether the last run had company: then the rest of the turn is waited for. */
  #hasCompany = false;

  constructor(deps: RowBatcherDeps) {
    this.#deps = deps;
  }

  /** Requests that wait for the end of the turn. */
  get waitingCount(): number {
    return this.#waiting.length;
  }

  infer(request: InferRequest): Promise<readonly Tensor[]> {
    const { areBytesLasting } = this.#deps;
    return new Promise((resolve, reject) => {
      const rows = rowCountOf(request);
      this.#waiting.push({ request: areBytesLasting ? request : copied(request), rows, resolve, reject });
      this.#waitingRows += rows ?? 0;
      this.#schedule();
    });
  }

  #schedule(): void {
    const { batching, clock } = this.#deps;
    if (batching.maxDelayMs > 0 && this.#waitingRows < batching.maxRows) {
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
    this.#waitingRows = 0;
    this.#isScheduled = false;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#hasCompany = waiting.length > 1;
    for (const group of groupsOf(waiting, this.#deps.batching.maxRows)) void this.#runGroup(group);
  };

  /** Never rejects. */
  async #runGroup(group: readonly Waiting[]): Promise<void> {
    const [only] = group;
    if (group.length === 1 && only) return this.#runAlone(only);
    const rowCounts = group.map(({ rows = 0 }) => rows);
    const request = gatherRows(
      group.map((one) => one.request),
      rowCounts.reduce((sum, rows) => sum + rows, 0),
    );
    try {
      const parts = splitRows(await this.#deps.run(request), rowCounts);
      if (parts) return group.forEach(({ resolve }, index) => resolve(parts[index] ?? []));
    } catch {
      // One of them is at fault, or they are too much together: each by itself says which.
    }
    for (const one of group) await this.#runAlone(one);
  }

  async #runAlone({ request, resolve, reject }: Waiting): Promise<void> {
    try {
      resolve(await this.#deps.run(request));
    } catch (error) {
      reject(error);
    }
  }
}

/** In order of arrival: each group alike, within the limit. */
function groupsOf(waiting: readonly Waiting[], maxRows: number): readonly (readonly Waiting[])[] {
  const groups: { readonly first: Waiting; readonly members: Waiting[]; rows: number }[] = [];
  for (const one of waiting) {
    const { rows } = one;
    const place =
      rows === undefined
        ? undefined
        : groups.findLast((group) => group.rows + rows <= maxRows && isAlike(group.first.request, one.request));
    if (place && rows !== undefined) {
      place.members.push(one);
      place.rows += rows;
    } else groups.push({ first: one, members: [one], rows: rows ?? Number.POSITIVE_INFINITY });
  }
  return groups.map(({ members }) => members);
}

function copied({ inputs, outputNames }: InferRequest): InferRequest {
  return { inputs: inputs.map(copiedTensor), outputNames };
}

function copiedTensor(tensor: Tensor): Tensor {
  if (tensor.datatype === "BYTES") return { ...tensor, elements: tensor.elements.map((element) => new Uint8Array(element)) };
  return { ...tensor, bytes: new Uint8Array(tensor.bytes) };
}
