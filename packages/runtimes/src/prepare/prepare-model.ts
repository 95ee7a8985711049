/**
 * Prepares one model; runs in the prepare child, because everything here may crash, hang or eat memory on a bad file.
 *
 * Check and edit the graph, write an optimised copy, load the copy, run it, record what was measured. The output folder is complete only when
 * this returns; the parent then renames it into place.
 */
import { copyFile, link, mkdir, open, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Clock, PlatformError } from "@modelyard/core";
import { checkModel, hasErrors, type PreparedGraph, parseModel, prepareGraph } from "@modelyard/onnx";
import type { OrtEngine, OrtOpenOptions, OrtSession } from "../onnx/ort-engine.ts";
import { checksumOf } from "./checksum-of.ts";
import { lightenCopy } from "./lighten-copy.ts";
import { measureLoad } from "./measure-load.ts";
import { measureRuns, type RunMeasurement } from "./measure-runs.ts";
import { ModelRefused } from "./model-refused.ts";
import type { JobFile, PrepareJob, PrepareStage } from "./prepare-protocol.ts";
import { infoName, type PreparedFile, type PreparedInfo, prepareFormat } from "./prepared-info.ts";
import { recordGraph } from "./record-graph.ts";
import { graphName, recordedBelowBytes } from "./recorded-graph.ts";
import { resolveShapes } from "./resolve-shapes.ts";

/** What {@link prepareModel} needs. */
export interface PrepareDeps {
  readonly engine: OrtEngine;
  readonly clock: Clock;
  /** Told before each step, and waits until the parent can know: the next step may never return. */
  readonly enter: (stage: PrepareStage) => Promise<void>;
}

const weightsName = "weights.bin";
const editedDir = "edited";

// Protobuf messages end at 2 GiB; beyond this much weight the optimised copy keeps it in a file of its own.
const maxInlineWeightBytes = 1.5 * 2 ** 30;

/** Prepares a model into `job.outputDir`. Throws `ModelRefused` with a reason for the user where the model is at fault. */
export async function prepareModel(job: PrepareJob, deps: PrepareDeps): Promise<void> {
  await deps.enter("check");
  const graph = orRefuse(await readFile(job.model.source), checkedGraph);
  await deps.enter("optimize");
  const sourcePath = await stage(job, graph);
  await optimize(sourcePath, job, deps.engine);
  await rm(join(job.outputDir, editedDir), { recursive: true, force: true });
  await deps.enter("load");
  await lighten(job, deps.engine);
  const loaded = await loadMeasured(job, deps, 1);
  const measured = await measureBest(job, { ...deps, loaded, graph });
  await deps.enter("write");
  await writeInfo(job, { graph, loaded, measured });
}

function checkedGraph(bytes: Uint8Array): PreparedGraph {
  const findings = [...checkModel(parseModel(bytes))];
  const graph = hasErrors(findings) ? undefined : prepareGraph(bytes);
  findings.push(...(graph?.findings ?? []));
  if (graph && !hasErrors(findings)) return { ...graph, findings };
  const errors = findings.filter((finding) => finding.severity === "error");
  const first = errors.slice(0, 3).map((finding) => `${finding.message} (${finding.path})`);
  const more = errors.length > first.length ? [`and ${errors.length - first.length} more`] : [];
  throw new ModelRefused([...first, ...more].join("; "));
}

/** Parsing throws `ONNX_INVALID`, whose message says what is wrong with the file. */
function orRefuse<Given, Result>(given: Given, check: (given: Given) => Result): Result {
  try {
    return check(given);
  } catch (error) {
    if (PlatformError.is(error)) throw ModelRefused.by(error);
    throw error;
  }
}

/** Path of a graph that ONNX Runtime can open: the file in the store itself, or an edited copy with the artifact's other files beside it. */
async function stage(job: PrepareJob, graph: PreparedGraph): Promise<string> {
  if (graph.edits.length === 0 && job.others.length === 0) return job.model.source;
  const root = join(job.outputDir, editedDir);
  const path = join(root, job.model.path);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, graph.bytes);
  for (const other of job.others) await place(other, root);
  return path;
}

async function place(file: JobFile, root: string): Promise<void> {
  const path = join(root, file.path);
  await mkdir(dirname(path), { recursive: true });
  try {
    await link(file.source, path);
  } catch {
    // Another file system: its bytes are copied.
    await copyFile(file.source, path);
  }
}

async function optimize(path: string, job: PrepareJob, engine: OrtEngine): Promise<void> {
  const weightBytes = await totalBytes([job.model, ...job.others]);
  const session = await openOrRefuse(engine, path, {
    optimization: "all",
    optimizedPath: join(job.outputDir, graphName),
    // Weights that came in a file of their own would else stay a reference to that file.
    ...(job.others.length > 0 || weightBytes > maxInlineWeightBytes ? { optimizedWeightsName: weightsName } : {}),
  });
  await session.release();
}

async function lighten(job: PrepareJob, engine: OrtEngine): Promise<void> {
  await lightenCopy(join(job.outputDir, graphName), async (path) => {
    const session = await engine.open(path, { optimization: "disabled" });
    await session.release();
  });
}

async function totalBytes(files: readonly JobFile[]): Promise<number> {
  const sizes = await Promise.all(files.map(async (file) => (await stat(file.source)).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

interface LoadedCopy {
  readonly session: OrtSession;
  /** What the session says of itself, which it does not any more once it is released. */
  readonly known: Pick<OrtSession, "inputs" | "outputs">;
  readonly threads: number;
  readonly loadMicros: number;
  readonly memoryBytes: number;
}

async function loadMeasured(job: PrepareJob, deps: PrepareDeps, threads: number): Promise<LoadedCopy> {
  const path = join(job.outputDir, graphName);
  const open = (): Promise<OrtSession> => openOrRefuse(deps.engine, path, { optimization: "disabled", threads });
  const measured = await measureLoad(open, deps.clock);
  const { inputs, outputs } = measured.session;
  return { ...measured, known: { inputs, outputs }, threads };
}

async function openOrRefuse(engine: OrtEngine, path: string, options: OrtOpenOptions): Promise<OrtSession> {
  try {
    return await engine.open(path, options);
  } catch (error) {
    throw ModelRefused.by(error);
  }
}

interface Measured extends RunMeasurement {
  readonly threads: number;
}

interface MeasureDeps extends PrepareDeps {
  readonly loaded: LoadedCopy;
  readonly graph: PreparedGraph;
}

// Below this a second thread cannot pay; above, it must bring a third to be worth a core that another model could use.
const largeRunMicros = 20_000;
const worthwhileGain = 1.33;

/** Runs with one thread; a large model is tried with more. */
async function measureBest(job: PrepareJob, deps: MeasureDeps): Promise<Measured> {
  const { loaded, graph } = deps;
  await deps.enter("run");
  const single = await measureRuns({ session: loaded.session, graph, clock: deps.clock, enterMeasure: () => deps.enter("measure") });
  await loaded.session.release();
  if (single.runMicros === undefined || single.runMicros < largeRunMicros || job.maxThreads < 2) return { ...single, threads: 1 };
  await deps.enter("load");
  const parallel = await loadMeasured(job, deps, job.maxThreads);
  await deps.enter("run");
  const many = await measureRuns({ session: parallel.session, graph, clock: deps.clock, enterMeasure: () => deps.enter("measure") });
  await parallel.session.release();
  const isWorthwhile = many.runMicros !== undefined && single.runMicros / many.runMicros >= worthwhileGain;
  return isWorthwhile ? { ...many, threads: job.maxThreads } : { ...single, threads: 1 };
}

interface Findings {
  readonly graph: PreparedGraph;
  readonly loaded: LoadedCopy;
  readonly measured: Measured;
}

async function writeInfo(job: PrepareJob, found: Findings): Promise<void> {
  const { graph, loaded, measured } = found;
  const names = (await readdir(job.outputDir)).toSorted();
  const { node: nodes = [] } = parseModel(await readFile(join(job.outputDir, graphName))).graph ?? {};
  const info: PreparedInfo = {
    format: prepareFormat,
    files: await Promise.all(names.map((name) => describeFile(job.outputDir, name))),
    inputs: resolveShapes(graph.signature.inputs, { known: loaded.known.inputs, ran: measured.inputShapes }),
    outputs: resolveShapes(graph.signature.outputs, { known: loaded.known.outputs, ran: measured.outputShapes }),
    edits: graph.edits,
    warnings: [...graph.findings.map((finding) => finding.message), ...measured.warnings],
    runMicros: measured.runMicros,
    loadMicros: loaded.loadMicros,
    memoryBytes: loaded.memoryBytes,
    threads: measured.threads,
    nodes: nodes.length,
    rows: measured.rows,
  };
  await writeRecord(job.outputDir, info);
}

async function writeRecord(dir: string, info: PreparedInfo): Promise<void> {
  const record = JSON.stringify(info);
  const [graph, ...others] = info.files;
  if (graph && graph.sizeBytes < recordedBelowBytes && others.length === 0) {
    const path = join(dir, graphName);
    const recorded = recordGraph(await readFile(path), record);
    if (recorded.length < recordedBelowBytes) return writeFile(path, recorded, { flush: true });
  }
  await writeFile(join(dir, infoName), record, { flush: true });
}

async function describeFile(dir: string, name: string): Promise<PreparedFile> {
  const path = join(dir, name);
  const file = await open(path, "r+");
  try {
    await file.sync();
    return { name, ...(await checksumOf(path)) };
  } finally {
    await file.close();
  }
}
