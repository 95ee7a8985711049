/**
 * A prepared model in this thread, ready to run: session, border and journal together. The I/O thread and the workers use the same.
 *
 * Hot path. With the native binding `run` is synchronous; the journal is told before and after.
 */
import type { Tensor } from "@modelyard/codec";
import type { Clock } from "@modelyard/core";
import { promisedResult, runAlone } from "../batching/infer-sink.ts";
import type { Batching } from "../batching/plan-batching.ts";
import { inputBytesOf } from "../batching/row-batch.ts";
import { RowBatcher } from "../batching/row-batcher.ts";
import type { InferRequest, InferResult, InferSink } from "../contract.ts";
import type { RunMark, ThreadJournal } from "../journal/thread-journal.ts";
import type { OrtSession } from "./ort-engine.ts";
import { runFailure } from "./run-failure.ts";
import type { HeldSession, SharedSessions } from "./shared-sessions.ts";
import { type BoundRequest, type BoundTensor, type TensorBorder, tensorBorder } from "./tensor-border.ts";

/** What is opened. Structured-cloneable. */
export interface SessionPlan {
  readonly modelId: string;
  readonly path: string;
  readonly threads: number;
  readonly inputs: readonly BoundTensor[];
  readonly outputs: readonly BoundTensor[];
  readonly runLimitMs: number;
  readonly loadLimitMs: number;
  /** How requests are run together; default: each alone. */
  readonly batching?: Batching;
}

/** Where it is opened. */
export interface SessionThread {
  readonly sessions: SharedSessions;
  readonly journal: ThreadJournal;
  readonly clock: Clock;
}

/** Opens a prepared copy; `bytes`: what the copy holds, where that was read already. Throws ONNX Runtime's own error. */
export async function openModelSession(plan: SessionPlan, thread: SessionThread, bytes?: Uint8Array): Promise<ModelSession> {
  const { sessions, journal } = thread;
  journal.begin({ modelId: plan.modelId, phase: "load", limitMs: plan.loadLimitMs });
  try {
    const session = await sessions.open(plan.path, { optimization: "disabled", threads: plan.threads, bytes });
    return new ModelSession(plan, session, thread);
  } finally {
    journal.end();
  }
}

/** Copying a larger request costs more than its company saves. */
export const largestTogetherBytes: number = 256 * 1024;

/** See the module. */
export class ModelSession {
  readonly #sessions: SharedSessions;
  readonly #session: HeldSession;
  readonly #journal: ThreadJournal;
  readonly #border: TensorBorder;
  readonly #mark: RunMark;
  readonly #batcher: RowBatcher | undefined;

  constructor(plan: SessionPlan, session: HeldSession, { sessions, journal, clock }: SessionThread) {
    const { batching } = plan;
    this.#sessions = sessions;
    this.#session = session;
    this.#journal = journal;
    this.#batcher = batching && new RowBatcher({ run: (request) => this.#runOne(request), batching, clock });
    this.#border = tensorBorder(plan);
    this.#mark = { modelId: plan.modelId, phase: "run", limitMs: plan.runLimitMs };
  }

  /** Throws or rejects with `RUN_FAILED`, `RUN_OUT_OF_MEMORY` or `INVALID_UTF8`. */
  run(request: InferRequest): InferResult {
    const batcher = this.#batcherFor(request);
    return batcher ? promisedResult((sink) => batcher.infer(request, sink)) : this.#runOne(request);
  }

  /** As {@link ModelSession.run}. Never throws. */
  runTo(request: InferRequest, sink: InferSink): void {
    const batcher = this.#batcherFor(request);
    if (batcher) batcher.infer(request, sink);
    else runAlone(() => this.#runOne(request), sink);
  }

  #batcherFor(request: InferRequest): RowBatcher | undefined {
    return this.#batcher && inputBytesOf(request) <= largestTogetherBytes ? this.#batcher : undefined;
  }

  #runOne(request: InferRequest): InferResult {
    const bound = this.#border.feeds(request);
    this.#journal.begin(this.#mark);
    let outputs: ReturnType<OrtSession["run"]>;
    try {
      outputs = this.#session.run(bound.feeds, bound.fetches);
    } catch (error) {
      this.#journal.end();
      throw runFailure(error);
    }
    if (outputs instanceof Promise) return this.#finish(bound, outputs);
    this.#journal.end();
    return this.#border.results(bound, outputs);
  }

  async release(): Promise<void> {
    await this.#sessions.release(this.#session);
  }

  async #finish(bound: BoundRequest, running: Promise<Awaited<ReturnType<OrtSession["run"]>>>): Promise<readonly Tensor[]> {
    try {
      return this.#border.results(bound, await running);
    } catch (error) {
      throw runFailure(error);
    } finally {
      this.#journal.end();
    }
  }
}
