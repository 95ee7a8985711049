/** Runs a loaded model with generated inputs: does it run at all, what comes out, and how long does it take. */
import type { Tensor } from "@modelyard/codec";
import type { Clock } from "@modelyard/core";
import type { PreparedGraph } from "@modelyard/onnx";
import type { OrtSession } from "../onnx/ort-engine.ts";
import { isOutOfMemory } from "../onnx/ort-reason.ts";
import { tensorBorder } from "../onnx/tensor-border.ts";
import { measureRows } from "./measure-rows.ts";
import { medianMicros, type RunOnce } from "./median-micros.ts";
import { ModelRefused } from "./model-refused.ts";
import type { PreparedRows } from "./prepared-info.ts";
import { sampleInputs } from "./sample-inputs.ts";

/** What the runs showed. */
export interface RunMeasurement {
  /** Median; `undefined` when every generated input was refused. */
  readonly runMicros: number | undefined;
  /** Shapes that worked, by name. */
  readonly inputShapes: ReadonlyMap<string, readonly number[]>;
  readonly outputShapes: ReadonlyMap<string, readonly number[]>;
  readonly warnings: readonly string[];
  readonly rows: PreparedRows;
}

/** What {@link measureRuns} needs. */
export interface MeasureRunsDeps {
  readonly session: OrtSession;
  readonly graph: PreparedGraph;
  readonly clock: Clock;
  /** Told after the first run, before the timed ones. */
  readonly enterMeasure: () => Promise<void>;
}

// Ranks that are tried where the file does not say one, the usual ones first.
const ranksToTry = [2, 1, 3, 4, 0];
/** Runs a model several times. Throws `ModelRefused` only when a run asks for more memory than there is. */
export async function measureRuns(deps: MeasureRunsDeps): Promise<RunMeasurement> {
  const tried = await findRunnable(deps);
  if ("why" in tried) {
    const warning = `It could not be tried: it refused generated inputs (${tried.why}). Its time per run is not known, so it runs in a worker`;
    const rows = { kind: "together", why: "it could not be tried" } as const;
    return { runMicros: undefined, inputShapes: new Map(), outputShapes: new Map(), warnings: [warning], rows };
  }
  await deps.enterMeasure();
  const runMicros = await medianMicros(tried.run, deps.clock);
  const run = (inputs: readonly Tensor[]): ReturnType<RunOnce> => runner(deps, inputs)();
  const rows = await measureRows({ rows: deps.graph.rows, inputs: tried.inputs, runMicros, run, clock: deps.clock });
  return { runMicros, inputShapes: shapesOf(tried.inputs), outputShapes: shapesOf(tried.outputs), warnings: [], rows };
}

interface Runnable {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly run: RunOnce;
}

async function findRunnable(deps: MeasureRunsDeps): Promise<Runnable | { readonly why: string }> {
  const { inputs: declared } = deps.graph.signature;
  const ranks = declared.some((input) => input.shape === undefined) ? ranksToTry : [0];
  let why = "";
  for (const rank of ranks) {
    const inputs = sampleInputs(declared.map((input) => ({ ...input, shape: input.shape ?? Array.from({ length: rank }, () => 1) })));
    const run = runner(deps, inputs);
    try {
      return { inputs, outputs: await run(), run };
    } catch (error) {
      const refused = ModelRefused.by(error);
      if (isOutOfMemory(error)) throw refused;
      why ||= refused.message;
    }
  }
  return { why };
}

function runner(deps: MeasureRunsDeps, inputs: readonly Tensor[]): RunOnce {
  const border = tensorBorder(deps.graph.signature);
  return async () => {
    const bound = border.feeds({ inputs, outputNames: undefined });
    return border.results(bound, await deps.session.run(bound.feeds, bound.fetches));
  };
}

function shapesOf(tensors: readonly Tensor[]): ReadonlyMap<string, readonly number[]> {
  return new Map(tensors.map((tensor) => [tensor.name, tensor.shape]));
}
