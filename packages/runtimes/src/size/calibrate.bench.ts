/**
 * Calibrates the constants of `estimate-size.ts` on 200 loads of prepared copies below 8 MiB: what resident memory grows by, per model, when
 * many like it are loaded and run once (one alone drowns in the allocator's steps), each shape in a process of its own (memory that another
 * shape gave back would be used again and hide its cost). Run by hand on a quiet machine and copy what it prints:
 *
 *     node --expose-gc --conditions=modelyard-source packages/runtimes/src/size/calibrate.bench.ts
 */
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
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
const warmUpLoads = 3;

/** Dense layers with a rectifier each: initialisers and nodes in different proportions. */
function layered({ layers, width }: Shape): OnnxModel {
  const numbers = Array.from({ length: layers }, (_, index) => index);
  const weights = new Float32Array(width * width).map((_, index) => ((index * 7) % 13) / 130);
  return buildModel({
    nodes: numbers.flatMap((index) => [
      buildNode({ opType: "MatMul", inputs: [index === 0 ? "x" : `a${index}`, `w${index}`], outputs: [`m${index}`] }),
      buildNode({ opType: "Relu", inputs: [`m${index}`], outputs: [index === layers - 1 ? "y" : `a${index + 1}`] }),
    ]),
    inputs: [tensorValue("x", "FP32", ["n", width])],
    outputs: [tensorValue("y", "FP32", ["n", width])],
    initializers: numbers.map((index) =>
      buildTensor({ name: `w${index}`, datatype: "FP32", shape: [width, width], data: new Uint8Array(weights.buffer) }),
    ),
  });
}

function residentBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage.rss();
}

async function observe(shape: Shape, dir: string): Promise<Observation> {
  const engine = openOrtEngine();
  const [sourcePath, path] = [join(dir, "source.onnx"), join(dir, "model.onnx")];
  await writeFile(sourcePath, writeModel(layered(shape)));
  const source = await engine.open(sourcePath, { optimization: "all", optimizedPath: path });
  await source.release();
  const fileBytes = (await stat(path)).size;
  const nodes = parseModel(await readFile(path)).graph?.node.length ?? 0;
  const border = tensorBorder({ inputs: [bound("x")], outputs: [bound("y")] });
  const request = border.feeds({
    inputs: [{ name: "x", datatype: "FP32", shape: [1, shape.width], bytes: new Uint8Array(4 * shape.width) }],
    outputNames: undefined,
  });
  const sessions: OrtSession[] = [];
  const load = async (): Promise<void> => {
    const session = await engine.open(path, { optimization: "disabled" });
    await session.run(request.feeds, request.fetches);
    sessions.push(session);
  };
  for (let count = 0; count < warmUpLoads; count++) await load();
  const beforeBytes = residentBytes();
  for (let count = 0; count < loadsPerShape; count++) await load();
  const value = (residentBytes() - beforeBytes) / loadsPerShape;
  return { terms: [1, fileBytes, nodes], value };
}

function bound(name: string): { readonly name: string; readonly datatype: "FP32"; readonly boundDatatype: "FP32" } {
  return { name, datatype: "FP32", boundDatatype: "FP32" };
}

/** One shape, in this process; the observation goes to standard output. */
async function observeAlone(shape: Shape): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "modelyard-calibrate-"));
  console.log(JSON.stringify(await observe(shape, dir)));
  await rm(dir, { recursive: true, force: true });
}

/** Every shape, each in its own process. */
function calibrate(program: string): void {
  const observations = shapes.map(({ layers, width }) => {
    const output = execFileSync(process.execPath, [...process.execArgv, program, String(layers), String(width)], { encoding: "utf8" });
    // Written by `observeAlone`.
    const observation = JSON.parse(output) as Observation;
    const [, fileBytes = 0, nodes] = observation.terms;
    console.log(`${layers} x ${width}: file ${kibibytes(fileBytes)}, ${nodes} nodes, ${kibibytes(observation.value)} each`);
    return observation;
  });
  for (const terms of [2, 3]) {
    const fit = fitLinear(observations.map((one) => ({ ...one, terms: one.terms.slice(0, terms) })));
    const [base = 0, perByte = 0, perNode] = fit.coefficients;
    const formula = `${kibibytes(base)} + ${perByte.toFixed(3)} x file bytes${perNode === undefined ? "" : ` + ${kibibytes(perNode)} x nodes`}`;
    console.log(
      `${shapes.length * loadsPerShape} loads: ${formula}; R² ${fit.rSquared.toFixed(4)}, largest error ${kibibytes(fit.maxError)}`,
    );
  }
}

function kibibytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KiB`;
}

const [, program = "", layers, width] = process.argv;
if (layers === undefined) calibrate(program);
else await observeAlone({ layers: Number(layers), width: Number(width) });
