/** A call that holds its model, and how it ends when its run goes on after it was started: in company, or elsewhere. */
import type { HeldModel } from "@modelyard/mesh";
import type { InferRequest, InferResult, InferSink, LoadedModel, SharedRun } from "@modelyard/runtimes";
import type { InferenceCall } from "./inference-call.ts";
import type { InferenceRecord } from "./inference-record.ts";
import type { RequestLife } from "./request-life.ts";

/** What a model gives. */
export type Outputs = Awaited<InferResult>;

/** A run that is over. */
export interface Ran {
  readonly outputs: Outputs;
  readonly shared: SharedRun | undefined;
}

/** A call that is not over yet. */
export interface Started {
  readonly call: InferenceCall;
  readonly record: InferenceRecord;
}

/** A call whose model is held. */
export interface Running extends Started {
  readonly life: RequestLife;
  readonly held: HeldModel;
}

/** Ends a call without an answer. */
export function fail({ call, record }: Started, error: unknown): void {
  record.failed(call.resolved.served.modelId);
  call.fail(error);
}

/** Runs a request that is waited for. */
export async function ranBy(model: LoadedModel, request: InferRequest): Promise<Ran> {
  if (!model.inferTo) return { outputs: await model.infer(request), shared: undefined };
  return new Promise((resolve, reject) =>
    model.inferTo?.(request, { ran: (outputs, shared) => resolve({ outputs, shared }), failed: reject }),
  );
}

/** Watches the client of a call to an inline model. Without a delay the model has run before a timer could fire. */
export function watchInline(running: Running): void {
  const { life, held } = running;
  const onOver = (error: unknown): void => fail(running, error);
  if (held.model.maxDelayMs) life.watch(onOver);
  else life.watchClient(onOver);
}

/** Answers a running call and gives its hold back: one object instead of a promise and what continues behind it. */
export class RunningSink implements InferSink {
  readonly #running: Running;
  readonly #answer: (running: Running, outputs: Outputs, shared?: SharedRun) => void;

  /** `answer` may throw; the call fails then. */
  constructor(running: Running, answer: (running: Running, outputs: Outputs, shared?: SharedRun) => void) {
    this.#running = running;
    this.#answer = answer;
  }

  ran(outputs: Outputs, shared?: SharedRun): void {
    try {
      this.#answer(this.#running, outputs, shared);
    } catch (error) {
      this.failed(error);
      return;
    }
    this.#end();
  }

  failed(error: unknown): void {
    this.#end();
    fail(this.#running, error);
  }

  #end(): void {
    const { held, life } = this.#running;
    held.release();
    life.end();
  }
}
