/**
 * Calibrates the constants of `estimate-size.ts` on 200 loads of prepared copies below 8 MiB: what resident memory grows by, per model, when
 * many like it are loaded and run once (one alone drowns in the allocator's steps), each shape in a process of its own (memory that another
 * shape gave back would be used again and hide its cost). Run by hand on a quiet machine and copy what it prints:
 *
 *     node --expose-gc --conditions=modelyard-source packages/runtimes/src/size/calibrate.bench.ts
 */
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildModel, buildNode, buildTensor, type OnnxModel, parseModel, tensorValue, writeModel } from "@modelyard/onnx";
import { type OrtSession, openOrtEngine } from "../onnx/ort-engine.ts";
import { tensorBorder } from "../onnx/tensor-border.ts";
import { fitLinear, type Observation } from "./fit.ts";

interface Shape {
  readonly layers: number;
  readonly width: number;
}

const shapes: readonly Shape[] = [
  { layers: 1, width: 4 },
  { layers: 2, width: 32 },
  { layers: 4, width: 40 },
  { layers: 8, width: 16 },
  { layers: 16, width: 16 },
  { layers: 32, width: 8 },
  { layers: 64, width: 8 },
  { layers: 2, width: 128 },
  { layers: 4, width: 128 },
  { layers: 1, width: 400 },
  { layers: 3, width: 300 },
  { layers: 2, width: 500 },
  { layers: 6, width: 400 },
  { layers: 1, width: 1000 },
  { layers: 24, width: 128 },
  { layers: 48, width: 64 },
  { layers: 1, width: 1300 },
  { layers: 5, width: 560 },
  { layers: 96, width: 32 },
  { layers: 12, width: 256 },
];
const loadsPerShape = 10;

/** Dense layers with a rectifier each: initialisers and nodes in different proportions. */
function layered({ layers, width }: Shape): OnnxModel {
  const numbers = Array.from({ length: layers }, (_, index) => index);
  const weightsOf = (layer: number): Uint8Array =>
    new Uint8Array(new Float32Array(width * width).map((_, index) => (((index + layer) * 7919) % 1009) / 10_090).buffer);
  return buildModel({
    nodes: numbers.flatMap((index) => [
      buildNode({ opType: "MatMul", inputs: [index === 0 ? "x" : `a${index}`, `w${index}`], outputs: [`m${index}`] }),
      buildNode({ opType: "Relu", inputs: [`m${index}`], outputs: [index === layers - 1 ? "y" : `a${index + 1}`] }),
    ]),
    inputs: [tensorValue("x", "FP32", ["n", width])],
    outputs: [tensorValue("y", "FP32", ["n", width])],
    initializers: numbers.map((index) =>
      buildTensor({ name: `w${index}`, datatype: "FP32", shape: [width, width], data: weightsOf(index) }),
    ),
  });
}

function residentBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage.rss();
}

/** Writes the optimised copy of a shape. */
async function prepare(path: string, shape: Shape): Promise<void> {
  const sourcePath = `${path}.source`;
  await writeFile(sourcePath, writeModel(layered(shape)));
  const session = await openOrtEngine().open(sourcePath, { optimization: "all", optimizedPath: path });
  await session.release();
}

/** Loads a copy often and prints the observation; one load of `firstPath` before pays for what the library sets up once. */
async function measure(path: string, firstPath: string): Promise<void> {
  const engine = openOrtEngine();
  const first = await engine.open(firstPath, { optimization: "disabled" });
  const bytes = await readFile(path);
  const nodes = parseModel(bytes).graph?.node.length ?? 0;
  const border = tensorBorder({ inputs: [bound("x")], outputs: [bound("y")] });
  const sessions: OrtSession[] = [];
  const beforeBytes = residentBytes();
  for (let count = 0; count < loadsPerShape; count++) {
    const session = await engine.open(path, { optimization: "disabled" });
    const width = session.inputs[0]?.shape[1] ?? 1;
    const input = { name: "x", datatype: "FP32", shape: [1, width], bytes: new Uint8Array(4 * width) } as const;
    const request = border.feeds({ inputs: [input], outputNames: undefined });
    await session.run(request.feeds, request.fetches);
    sessions.push(session);
  }
  const value = (residentBytes() - beforeBytes) / loadsPerShape;
  // Released here and not before: a session that nobody refers to any more is collected, and its memory with it.
  for (const session of [first, ...sessions]) await session.release();
  const observation: Observation = { terms: [1, bytes.length, nodes], value };
  console.log(JSON.stringify(observation));
}

function bound(name: string): { readonly name: string; readonly datatype: "FP32"; readonly boundDatatype: "FP32" } {
  return { name, datatype: "FP32", boundDatatype: "FP32" };
}

/** Every shape, each made and measured in processes of its own. */
async function calibrate(program: string): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "modelyard-calibrate-"));
  const observations = shapes.map((shape) => observe(shape, { dir, program }));
  await rm(dir, { recursive: true, force: true });
  for (const terms of [2, 3]) {
    const fit = fitLinear(observations.map((one) => ({ ...one, terms: one.terms.slice(0, terms) })));
    const [base = 0, perByte = 0, perNode] = fit.coefficients;
    const formula = `${kibibytes(base)} + ${perByte.toFixed(3)} x file bytes${perNode === undefined ? "" : ` + ${kibibytes(perNode)} x nodes`}`;
    console.log(
      `${shapes.length * loadsPerShape} loads: ${formula}; R² ${fit.rSquared.toFixed(4)}, largest error ${(100 * fit.maxRelativeError).toFixed(0)} %`,
    );
  }
}

function observe({ layers, width }: Shape, where: { readonly dir: string; readonly program: string }): Observation {
  const path = join(where.dir, `${layers}-${width}.onnx`);
  const start = (...options: readonly string[]): string =>
    execFileSync(process.execPath, [...process.execArgv, where.program, ...options], { encoding: "utf8" });
  start("prepare", path, String(layers), String(width));
  // Written by `measure`.
  const observation = JSON.parse(start("measure", path, join(where.dir, "1-4.onnx"))) as Observation;
  const [, fileBytes = 0, nodes] = observation.terms;
  console.log(`${layers} x ${width}: file ${kibibytes(fileBytes)}, ${nodes} nodes, ${kibibytes(observation.value)} each`);
  return observation;
}

function kibibytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KiB`;
}

const [, program = "", task, path = "", ...rest] = process.argv;
if (task === "prepare") await prepare(path, { layers: Number(rest[0]), width: Number(rest[1]) });
else if (task === "measure") await measure(path, rest[0] ?? path);
else await calibrate(program);
