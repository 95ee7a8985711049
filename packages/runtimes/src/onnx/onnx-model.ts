/** A loaded ONNX model: what it is, and where it runs. */
import type { Tensor } from "@modelyard/codec";
import { assert, assertNever } from "@modelyard/core";
import type { Batching } from "../batching/plan-batching.ts";
import type { InferRequest, InferResult, LoadedModel, ModelSignature, SharedRun } from "../contract.ts";
import type { IsolatedModel } from "../isolation/isolated-model.ts";
import type { RunWorkerHandle } from "../workers/run-worker-handle.ts";
import type { InlineStage } from "./inline-stage.ts";
import type { ModelSession } from "./model-session.ts";
import { StagedRun } from "./staged-run.ts";

/** What every loaded model says of itself. */
export interface OnnxModelFacts {
  readonly modelId: string;
  readonly signature: ModelSignature;
  readonly sizeBytes: number;
  readonly sizeSource: LoadedModel["sizeSource"];
  readonly runMicros: number;
}

/** Where a model runs. */
export type OnnxModelPlace =
  | { readonly placement: "inline"; readonly session: ModelSession; readonly stage: InlineStage; readonly batching: Batching | undefined }
  /** In each of several workers, so that one model can use as many cores. At least one. */
  | { readonly placement: "worker"; readonly copies: readonly WorkerCopy[]; readonly batching: Batching | undefined }
  | { readonly placement: "process"; readonly isolated: IsolatedModel; readonly batching: Batching | undefined };

/** A model in a worker. */
export interface WorkerCopy {
  readonly worker: RunWorkerHandle;
  readonly handle: number;
}

/** Inline there is no limit. Elsewhere one runs in each copy and one is there when it is done; or as many as can run together, and as many are there. */
function concurrencyIn(place: OnnxModelPlace): number {
  if (place.placement === "inline") return 0;
  const copies = place.placement === "worker" ? place.copies.length : 1;
  return 2 * copies * Math.min(place.batching?.maxRows ?? 1, mostTogether);
}

const mostTogether = 64;

/** See the module. `onUnloaded` is called once. */
export function onnxModel(facts: OnnxModelFacts, place: OnnxModelPlace, onUnloaded: () => void): LoadedModel {
  let isUnloaded = false;
  const { infer, inferTo } = inferIn(facts, place);
  return {
    ...facts,
    placement: place.placement,
    maxConcurrency: concurrencyIn(place),
    maxDelayMs: place.batching?.maxDelayMs ?? 0,
    infer(request) {
      assert(!isUnloaded, "a model that was unloaded is not run");
      return infer(request);
    },
    ...(inferTo && { inferTo }),
    async unload() {
      if (isUnloaded) return;
      isUnloaded = true;
      await releaseIn(place);
      onUnloaded();
    },
  };
}

type Infer = Pick<LoadedModel, "infer" | "inferTo">;

function inferIn({ runMicros }: OnnxModelFacts, place: OnnxModelPlace): Infer {
  switch (place.placement) {
    case "inline": {
      const { session, stage, batching } = place;
      const infer = (request: InferRequest): InferResult => session.run(request);
      if (batching) return { infer, inferTo: (request, sink) => session.runTo(request, sink) };
      // Whole ones: sums and differences of them stay exact.
      const model = { runner: session.runner, runMicros: Math.ceil(runMicros), clock: stage.clock };
      return { infer, inferTo: (request, sink) => stage.add(new StagedRun(model, request, sink)) };
    }
    case "worker":
      return elsewhere(runInLeastBusy(place.copies.map((copy) => ({ ...copy, running: 0 }))), place.batching);
    case "process":
      return elsewhere((request, onShared) => place.isolated.run(request, onShared), place.batching);
    default:
      return assertNever(place);
  }
}

/** `onShared` is told, before the outputs, of a run that others had a part in. */
type RunElsewhere = (request: InferRequest, onShared?: (shared: SharedRun) => void) => Promise<readonly Tensor[]>;

function elsewhere(run: RunElsewhere, batching: Batching | undefined): Infer {
  const infer = (request: InferRequest): InferResult => run(request);
  if (!batching) return { infer };
  return {
    infer,
    inferTo(request, sink) {
      let shared: SharedRun | undefined;
      const running = run(request, (one) => {
        shared = one;
      });
      running.then(
        (outputs) => sink.ran(outputs, shared),
        (error: unknown) => sink.failed(error),
      );
    },
  };
}

function runInLeastBusy(copies: readonly BusyCopy[]): RunElsewhere {
  return async (request, onShared) => {
    const copy = leastBusy(copies);
    copy.running++;
    try {
      return await copy.worker.run(copy.handle, request, onShared);
    } finally {
      copy.running--;
    }
  };
}

interface BusyCopy extends WorkerCopy {
  running: number;
}

function leastBusy(copies: readonly BusyCopy[]): BusyCopy {
  const [first, ...others] = copies;
  assert(first, "a model in workers is in one of them");
  return others.reduce((least, one) => (one.running < least.running ? one : least), first);
}

async function releaseIn(place: OnnxModelPlace): Promise<void> {
  switch (place.placement) {
    case "inline":
      return place.session.release();
    case "worker":
      await Promise.all(place.copies.map(({ worker, handle }) => worker.unload(handle)));
      return;
    case "process":
      return place.isolated.close();
    default:
      return assertNever(place);
  }
}
