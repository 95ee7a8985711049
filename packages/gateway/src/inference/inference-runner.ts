/**
 * Runs inferences: holds the model, binds the request to it, runs it, answers.
 *
 * Hot path. Budget: a model that is in memory and runs inline is answered in the same tick, without a promise, a timer, a signal or a copy
 * of the request. Everything else goes by {@link InferenceRunner.start}'s second way, where every wait ends at the deadline of the request or
 * when its client goes away, and a hold on a model is given back exactly once.
 */
import type { Clock } from "@modelyard/core";
import type { HeldModel, Mesh } from "@modelyard/mesh";
import type { InferRequest, InferResult, LoadedModel, ModelSignature } from "@modelyard/runtimes";
import type { GatewayLimits } from "../options.ts";
import type { ResolvedModel } from "../routing/model-reference.ts";
import { acquireServed } from "./acquire-served.ts";
import { bindRequest } from "./bind-request.ts";
import type { InferenceCall } from "./inference-call.ts";
import { ModelTurns } from "./model-turns.ts";
import { RequestLife, type Waiter } from "./request-life.ts";
import { WaitingRoom } from "./waiting-room.ts";

/** What {@link InferenceRunner} is given. */
export interface InferenceRunnerDeps {
  readonly mesh: Mesh;
  readonly clock: Clock;
  readonly limits: GatewayLimits;
}

type Outputs = Awaited<InferResult>;

/** Runs every inference of a gateway. */
export class InferenceRunner {
  readonly #deps: InferenceRunnerDeps;
  readonly #turns: ModelTurns;
  readonly #waitingRoom: WaitingRoom;

  constructor(deps: InferenceRunnerDeps) {
    this.#deps = deps;
    this.#turns = new ModelTurns(deps.limits.maxQueuedPerModel);
    this.#waitingRoom = new WaitingRoom(deps.limits);
  }

  /** Runs one; the call is answered or failed, now or later. */
  start(call: InferenceCall): void {
    const life = new RequestLife(call, this.#deps);
    let holding: HeldModel | Promise<HeldModel>;
    try {
      holding = acquireServed(this.#deps.mesh, call.resolved, life);
    } catch (error) {
      call.fail(error);
      return;
    }
    if (!(holding instanceof Promise) && holding.model.placement === "inline") this.#runNow(call, life, holding);
    else void this.#runLater({ call, life, holding });
  }

  /** Loads a model to learn its signature; waits among the inferences that do. */
  async loadSignature(resolved: ResolvedModel, waiter: Waiter): Promise<ModelSignature> {
    const refusal = this.#waitingRoom.enter(0);
    if (refusal) throw refusal;
    try {
      const held = await acquireServed(this.#deps.mesh, resolved, new RequestLife(waiter, this.#deps));
      const { signature } = held.model;
      held.release();
      return signature;
    } finally {
      this.#waitingRoom.leave(0);
    }
  }

  #runNow(call: InferenceCall, life: RequestLife, held: HeldModel): void {
    let result: InferResult;
    try {
      result = held.model.infer(bind(call, held.model));
      if (!(result instanceof Promise)) answer(call, held, result);
    } catch (error) {
      held.release();
      call.fail(error);
      return;
    }
    if (result instanceof Promise) void this.#finish({ call, life, held }, result);
    else held.release();
  }

  /** An inline model that takes a while after all. Never rejects, as the next. */
  async #finish({ call, life, held }: Running, result: Promise<Outputs>): Promise<void> {
    life.watch((error) => call.fail(error));
    try {
      answer(call, held, await result);
    } catch (error) {
      call.fail(error);
    } finally {
      held.release();
      life.end();
    }
  }

  /** Never rejects: whatever happens ends in the call. */
  async #runLater(waiting: Waiting): Promise<void> {
    const { call, life } = waiting;
    const { sizeBytes } = call;
    const refusal = this.#waitingRoom.enter(sizeBytes);
    if (refusal) return refuse(waiting, refusal);
    life.watch((error) => call.fail(error));
    try {
      await this.#runWhenHeld(waiting);
    } catch (error) {
      call.fail(error);
    } finally {
      life.end();
      this.#waitingRoom.leave(sizeBytes);
    }
  }

  async #runWhenHeld(waiting: Waiting): Promise<void> {
    const { call, life, holding } = waiting;
    try {
      call.keep();
    } catch (error) {
      return refuse(waiting, error);
    }
    return this.#runHeld({ call, life, held: await holding });
  }

  async #runHeld(running: Running): Promise<void> {
    const { call, held } = running;
    try {
      answer(call, held, await this.#takeTurn(running));
    } finally {
      held.release();
    }
  }

  async #takeTurn({ call, life, held: { model } }: Running): Promise<Outputs> {
    const request: InferRequest = bind(call, model);
    await this.#turns.take(model, life.signal);
    try {
      life.signal.throwIfAborted();
      return await model.infer(request);
    } finally {
      this.#turns.end(model);
    }
  }
}

interface Waiting {
  readonly call: InferenceCall;
  readonly life: RequestLife;
  readonly holding: HeldModel | Promise<HeldModel>;
}

interface Running {
  readonly call: InferenceCall;
  readonly life: RequestLife;
  readonly held: HeldModel;
}

function bind(call: InferenceCall, model: LoadedModel): InferRequest {
  return bindRequest(call.request(model.signature), model.signature, call.resolved.model);
}

function answer(call: InferenceCall, held: HeldModel, outputs: Outputs): void {
  call.answer({
    modelName: call.resolved.model,
    modelVersion: String(held.revision),
    id: call.request(held.model.signature).id,
    outputs,
  });
}

/** Fails a call that will not be run, and lets go of what it may have got hold of. */
async function refuse({ call, life, holding }: Waiting, error: unknown): Promise<void> {
  call.fail(error);
  life.abandon(error);
  try {
    (await holding).release();
  } catch {
    // The load failed: there is nothing to give back, and the call was answered.
  }
}
