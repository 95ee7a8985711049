/** A model of the fake runtime: answers with its inputs, or as its behaviour says. */
import type { Tensor } from "@modelyard/codec";
import { assert, type Clock, type PlatformError, sleep } from "@modelyard/core";
import type { InferRequest, InferResult, LoadedModel, LoadOptions, ModelSignature } from "../contract.ts";

/** How a model of the fake behaves; what is absent is taken from the runtime's default. */
export interface FakeBehaviour {
  /** Time a load takes. 0 settles without a timer. Default 0. */
  readonly loadDelayMs?: number;
  /** Rejects the load after its delay. Default: none. */
  readonly loadFailure?: PlatformError;
  /** Size it is charged for once loaded. Default 100 KiB. */
  readonly sizeBytes?: number;
  /** What `predictSizeBytes` says. Default: `sizeBytes`. */
  readonly predictedSizeBytes?: number;
  /** Time a run takes; absent = inline, the result is there at once. */
  readonly runDelayMs?: number;
  /** Fails each run, after its delay. Default: none. */
  readonly runFailure?: PlatformError;
  /** A load that only ends when it is aborted, or runs that never end. Default: none. */
  readonly hang?: "load" | "run";
  /** Default: input `x` and output `y`, both FP32 of any length. */
  readonly signature?: ModelSignature;
  /** Computes the outputs. Default: each output takes the input at its place. */
  readonly compute?: (request: InferRequest) => readonly Tensor[];
}

const kibibyte = 1024;

const echoSignature: ModelSignature = {
  platform: "fake",
  inputs: [{ name: "x", datatype: "FP32", shape: [-1] }],
  outputs: [{ name: "y", datatype: "FP32", shape: [-1] }],
};

/** What {@link FakeLoadedModel} works with. */
export interface FakeModelDeps {
  readonly modelId: string;
  readonly isIsolated: boolean;
  readonly onCrash: LoadOptions["onCrash"];
  readonly clock: Clock;
  readonly sizeBytes: number;
  readonly behaviour: () => FakeBehaviour;
  readonly onRun: () => void;
  readonly onUnload: () => void;
}

/** See the module. */
export class FakeLoadedModel implements LoadedModel {
  readonly modelId: string;
  readonly signature: ModelSignature;
  readonly sizeBytes: number;
  readonly sizeSource = "estimated";
  readonly maxConcurrency: number;
  readonly placement: LoadedModel["placement"];
  readonly runMicros: number;
  readonly onCrash: LoadOptions["onCrash"];
  readonly #deps: FakeModelDeps;
  #isUnloaded = false;

  constructor(deps: FakeModelDeps) {
    const behaviour = deps.behaviour();
    this.#deps = deps;
    this.modelId = deps.modelId;
    this.signature = behaviour.signature ?? echoSignature;
    this.sizeBytes = deps.sizeBytes;
    this.placement = deps.isIsolated ? "process" : behaviour.runDelayMs === undefined ? "inline" : "worker";
    this.onCrash = deps.onCrash;
    this.maxConcurrency = this.placement === "inline" ? 0 : 2;
    this.runMicros = (behaviour.runDelayMs ?? 0.01) * 1000;
  }

  infer(request: InferRequest): InferResult {
    assert(!this.#isUnloaded, "a model that was unloaded is not run");
    this.#deps.onRun();
    const behaviour = this.#deps.behaviour();
    if (behaviour.hang === "run") return new Promise<never>(() => {});
    if (behaviour.runDelayMs === undefined) return this.#run(behaviour, request);
    return sleep(this.#deps.clock, behaviour.runDelayMs).then(() => this.#run(behaviour, request));
  }

  unload(): Promise<void> {
    this.#isUnloaded = true;
    this.#deps.onUnload();
    return Promise.resolve();
  }

  #run(behaviour: FakeBehaviour, request: InferRequest): readonly Tensor[] {
    if (behaviour.runFailure) throw behaviour.runFailure;
    const outputs = behaviour.compute?.(request) ?? this.#echo(request);
    const names = request.outputNames ?? this.signature.outputs.map((output) => output.name);
    return names.map((name) => {
      const output = outputs.find((one) => one.name === name);
      assert(output, `the fake computes the output "${name}"`);
      return output;
    });
  }

  #echo(request: InferRequest): readonly Tensor[] {
    return this.signature.outputs.flatMap((output, index) => {
      const input = request.inputs[index];
      return input ? [{ ...input, name: output.name }] : [];
    });
  }
}

/** Bytes a model that behaves so is charged for. */
export function sizeOf(behaviour: FakeBehaviour): number {
  return behaviour.sizeBytes ?? 100 * kibibyte;
}
