/** A loaded ONNX model: what it is, and where it runs. */
import { assert } from "@modelyard/core";
import type { Batching } from "../batching/plan-batching.ts";
import type { InferRequest, InferResult, LoadedModel, ModelSignature } from "../contract.ts";
import type { RunWorkerHandle } from "../workers/run-worker-handle.ts";
import type { ModelSession } from "./model-session.ts";

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
  | { readonly placement: "inline"; readonly session: ModelSession; readonly batching: Batching | undefined }
  /** In each of several workers, so that one model can use as many cores. At least one. */
  | { readonly placement: "worker"; readonly copies: readonly WorkerCopy[]; readonly batching: Batching | undefined };

/** A model in a worker. */
export interface WorkerCopy {
  readonly worker: RunWorkerHandle;
  readonly handle: number;
}

/** In each worker one runs, one is there when it is done; or as many as can run together, and as many are there when they are done. */
function workerConcurrency(copies: number, batching: Batching | undefined): number {
  return 2 * copies * Math.min(batching?.maxRows ?? 1, mostTogether);
}

const mostTogether = 64;

/** See the module. `onUnloaded` is called once. */
export function onnxModel(facts: OnnxModelFacts, place: OnnxModelPlace, onUnloaded: () => void): LoadedModel {
  let isUnloaded = false;
  const infer = inferIn(place);
  return {
    ...facts,
    placement: place.placement,
    maxConcurrency: place.placement === "inline" ? 0 : workerConcurrency(place.copies.length, place.batching),
    maxDelayMs: place.batching?.maxDelayMs ?? 0,
    infer(request) {
      assert(!isUnloaded, "a model that was unloaded is not run");
      return infer(request);
    },
    async unload() {
      if (isUnloaded) return;
      isUnloaded = true;
      await releaseIn(place);
      onUnloaded();
    },
  };
}

function inferIn(place: OnnxModelPlace): (request: InferRequest) => InferResult {
  if (place.placement === "inline") {
    const { session } = place;
    return (request) => session.run(request);
  }
  const copies = place.copies.map((copy) => ({ ...copy, running: 0 }));
  return async (request) => {
    const copy = leastBusy(copies);
    copy.running++;
    try {
      return await copy.worker.run(copy.handle, request);
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
  if (place.placement === "inline") await place.session.release();
  else await Promise.all(place.copies.map(({ worker, handle }) => worker.unload(handle)));
}
