/**
 * A prepared model in this thread, ready to run: session, border and journal together, and requests that run as one. The I/O thread and the workers
 * use the same.
 */
import type { Clock } from "@modelyard/core";
import { promisedResult, runAlone } from "../batching/infer-sink.ts";
import type { Batching } from "../batching/plan-batching.ts";
import { inputBytesOf } from "../batching/row-batch.ts";
import { RowBatcher } from "../batching/row-batcher.ts";
import type { InferRequest, InferResult, InferSink } from "../contract.ts";
import type { ThreadJournal } from "../journal/thread-journal.ts";
import { SessionRunner } from "./session-runner.ts";
import type { HeldSession, SharedSessions } from "./shared-sessions.ts";
import { type BoundTensor, tensorBorder } from "./tensor-border.ts";

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
  readonly runner: SessionRunner;
  readonly #sessions: SharedSessions;
  readonly #session: HeldSession;
  readonly #batcher: RowBatcher | undefined;

  constructor(plan: SessionPlan, session: HeldSession, { sessions, journal, clock }: SessionThread) {
    const { batching } = plan;
    const mark = { modelId: plan.modelId, phase: "run", limitMs: plan.runLimitMs } as const;
    const runner = new SessionRunner({ session, border: tensorBorder(plan), journal, mark });
    this.runner = runner;
    this.#sessions = sessions;
    this.#session = session;
    this.#batcher = batching && new RowBatcher({ run: (request) => runner.infer(request), batching, clock });
  }

  /** Throws or rejects with `RUN_FAILED`, `RUN_OUT_OF_MEMORY` or `INVALID_UTF8`. */
  run(request: InferRequest): InferResult {
    const batcher = this.#batcherFor(request);
    return batcher ? promisedResult((sink) => batcher.infer(request, sink)) : this.runner.infer(request);
  }

  /** As {@link ModelSession.run}. Never throws. */
  runTo(request: InferRequest, sink: InferSink): void {
    const batcher = this.#batcherFor(request);
    if (batcher) batcher.infer(request, sink);
    else runAlone(() => this.runner.infer(request), sink);
  }

  async release(): Promise<void> {
    await this.#sessions.release(this.#session);
  }

  #batcherFor(request: InferRequest): RowBatcher | undefined {
    return this.#batcher && inputBytesOf(request) <= largestTogetherBytes ? this.#batcher : undefined;
  }
}
