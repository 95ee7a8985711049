/**
 * Runs inferences: holds the model, binds the request to it, runs it, answers.
 *
 * Hot path. Budget: a model that is in memory and runs inline is answered in the same turn of the event loop, without a promise, a timer, a signal or a copy
 * of the request. Everything else goes by {@link InferenceRunner.start}'s second way, where every wait ends at the deadline of the request or
 * when its client goes away, and a hold on a model is given back exactly once.
 */
import type { Clock, Histogram, Metrics } from "@modelyard/core";
import type { AcquireOptions, HeldModel, Mesh } from "@modelyard/mesh";
import type { InferRequest, InferResult, LoadedModel, ModelSignature, SharedRun } from "@modelyard/runtimes";
import { openBatchSize, openInvokeTime, openQueueDelay } from "../observation/request-series.ts";
import { classifyOutputs } from "../operations/classification.ts";
import { inferenceSizeOf } from "../operations/model-configuration.ts";
import { ModelStatistics } from "../operations/model-statistics.ts";
import type { GatewayLimits } from "../options.ts";
import { type ResolvedModel, refuseUnloaded } from "../routing/model-reference.ts";
import { acquireServed } from "./acquire-served.ts";
import { bindRequest } from "./bind-request.ts";
import type { InferenceCall } from "./inference-call.ts";
import { InferenceRecord } from "./inference-record.ts";
import { ModelTurns } from "./model-turns.ts";
import { RequestLife, type Waiter } from "./request-life.ts";
import { fail, type Outputs, type Ran, type Running, RunningSink, ranBy, type Started, watchInline } from "./running-call.ts";
import { WaitingRoom } from "./waiting-room.ts";

/** What {@link InferenceRunner} is given. */
export interface InferenceRunnerDeps {
  readonly mesh: Mesh;
  readonly clock: Clock;
  readonly limits: GatewayLimits;
  /** Default: waiting is not measured. */
  readonly metrics?: Metrics;
}

/** Runs every inference of a gateway. */
export class InferenceRunner {
  /** Of every inference it ran. */
  readonly statistics: ModelStatistics = new ModelStatistics();
  readonly #deps: InferenceRunnerDeps;
  readonly #turns: ModelTurns;
  readonly #waitingRoom: WaitingRoom;
  readonly #queueDelay: Histogram | undefined;
  readonly #invokeTime: Histogram | undefined;
  readonly #batchSize: Histogram | undefined;

  constructor(deps: InferenceRunnerDeps) {
    this.#deps = deps;
    this.#turns = new ModelTurns(deps.limits.maxQueuedPerModel);
    this.#waitingRoom = new WaitingRoom(deps.limits, deps.metrics);
    this.#queueDelay = deps.metrics && openQueueDelay(deps.metrics);
    this.#invokeTime = deps.metrics && openInvokeTime(deps.metrics);
    this.#batchSize = deps.metrics && openBatchSize(deps.metrics);
  }

  /** Runs one; the call is answered or failed, now or later. */
  start(call: InferenceCall): void {
    const record = new InferenceRecord(this.#deps.clock, this.statistics);
    const life = new RequestLife(call, this.#deps);
    let holding: HeldModel | Promise<HeldModel>;
    try {
      refuseUnloaded(call.resolved);
      holding = acquireServed(this.#deps.mesh, call.resolved, life);
    } catch (error) {
      fail({ call, record }, error);
      return;
    }
    if (!(holding instanceof Promise) && holding.model.placement === "inline") this.#runNow({ call, record, life, held: holding });
    else void this.#runLater({ call, record, life, holding });
  }

  /** Loads a model to learn its signature. */
  loadSignature(resolved: ResolvedModel, waiter: Waiter): Promise<ModelSignature> {
    return this.wait(waiter, async (options) => {
      const held = await acquireServed(this.#deps.mesh, resolved, options);
      const { signature } = held.model;
      held.release();
      return signature;
    });
  }

  /** Waits for something that is no inference, among the inferences that wait; rejects with `LIMIT_EXCEEDED` when too many do. */
  async wait<T>(waiter: Waiter, act: (options: AcquireOptions) => Promise<T>): Promise<T> {
    const refusal = this.#waitingRoom.enter(0);
    if (refusal) throw refusal;
    try {
      return await act(new RequestLife(waiter, this.#deps));
    } finally {
      this.#waitingRoom.leave(0);
    }
  }

  #runNow(running: Running): void {
    const { call, record, held } = running;
    let result: InferResult;
    try {
      const request = bind(call, held.model);
      record.bound();
      if (held.model.inferTo) return this.#runTogether(running, request);
      result = held.model.infer(request);
      if (!(result instanceof Promise)) this.#answer(running, result);
    } catch (error) {
      held.release();
      fail(running, error);
      return;
    }
    if (result instanceof Promise) this.#finish(running, result);
    else held.release();
  }

  /** Of a model that takes the requests of a turn together: this one is answered at the end of the turn, or after its delay. */
  #runTogether(running: Running, request: InferRequest): void {
    watchInline(running);
    running.held.model.inferTo?.(request, new RunningSink(running, this.#answer));
  }

  /** Of an inline model whose runs are promises. */
  #finish(running: Running, result: Promise<Outputs>): void {
    watchInline(running);
    const sink = new RunningSink(running, this.#answer);
    result.then(
      (outputs) => sink.ran(outputs),
      (error: unknown) => sink.failed(error),
    );
  }

  /** Never rejects: whatever happens ends in the call. */
  async #runLater(waiting: Waiting): Promise<void> {
    const { call, life } = waiting;
    const { sizeBytes } = call;
    const refusal = this.#waitingRoom.enter(sizeBytes);
    if (refusal) return refuse(waiting, refusal);
    life.watch((error) => fail(waiting, error));
    try {
      await this.#runWhenHeld(waiting);
    } catch (error) {
      fail(waiting, error);
    } finally {
      life.end();
      this.#waitingRoom.leave(sizeBytes);
    }
  }

  async #runWhenHeld(waiting: Waiting): Promise<void> {
    const { call, record, life, holding } = waiting;
    try {
      call.keep();
    } catch (error) {
      return refuse(waiting, error);
    }
    return this.#runHeld({ call, record, life, held: await holding });
  }

  async #runHeld(running: Running): Promise<void> {
    const { held } = running;
    try {
      const { outputs, shared } = await this.#takeTurn(running);
      this.#answer(running, outputs, shared);
    } finally {
      held.release();
    }
  }

  async #takeTurn({ call, record, life, held: { model } }: Running): Promise<Ran> {
    record.waited();
    const request: InferRequest = bind(call, model);
    record.bound();
    const queuedMs = this.#deps.clock.monotonicMs();
    await this.#turns.take(model, life.signal);
    this.#queueDelay?.observe(this.#deps.clock.monotonicMs() - queuedMs);
    try {
      record.waited();
      life.signal.throwIfAborted();
      return await ranBy(model, request);
    } finally {
      this.#turns.end(model);
    }
  }

  readonly #answer = ({ call, record, held }: Running, outputs: Outputs, shared?: SharedRun): void => {
    const { signature, modelId } = held.model;
    const request = call.request(signature);
    record.ran(shared);
    this.#invokeTime?.observe(record.inferMs);
    call.answer({
      modelName: call.resolved.model,
      modelVersion: String(held.revision),
      id: request.id,
      outputs: request.outputs.length === 0 ? outputs : classifyOutputs(outputs, request.outputs, signature),
    });
    const size = inferenceSizeOf(request.inputs, signature, shared);
    if (size.runSize > 0) this.#batchSize?.observe(size.runSize);
    record.answered(modelId, size);
  };
}

interface Waiting extends Started {
  readonly life: RequestLife;
  readonly holding: HeldModel | Promise<HeldModel>;
}

function bind(call: InferenceCall, model: LoadedModel): InferRequest {
  return bindRequest(call.request(model.signature), model.signature, call.resolved.model);
}

/** Fails a call that will not be run, and lets go of what it may have got hold of. */
async function refuse(waiting: Waiting, error: unknown): Promise<void> {
  fail(waiting, error);
  waiting.life.abandon(error);
  try {
    (await waiting.holding).release();
  } catch {
    // The load failed: there is nothing to give back, and the call was answered.
  }
}
