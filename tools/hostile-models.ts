/**
 * Models that harm whoever runs them, for proofs that each fails alone: they never end, ask for a tebibyte, crash ONNX Runtime 1.30, or are cut
 * off. Some do so only for one input, after a harmless start.
 *
 *     node --conditions=modelyard-source tools/hostile-models.ts FOLDER
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  buildGraph,
  buildModel,
  buildNode,
  buildTensor,
  type GraphOptions,
  type OnnxFunction,
  type OnnxGraph,
  type OnnxModel,
  type OnnxValueInfo,
  tensorValue,
  writeModel,
} from "@modelyard/onnx";

/** One input of a hostile model, as the inference protocol has it. */
export interface HostileInput {
  readonly name: "x";
  readonly datatype: "FP32" | "INT32";
  readonly shape: readonly [1];
  readonly data: readonly [number];
}

/** A hostile model and what sets it off. */
export interface HostileModel {
  readonly name: string;
  readonly what: string;
  /** When it does harm: while it is read, while the runtime loads it, at every run, or at a run with `trigger`. */
  readonly when: "parse" | "load" | "run" | "input";
  readonly effect: "invalid" | "crash" | "hang" | "refused";
  /** With `when: "input"` harmless, and the answer is one element. */
  readonly harmless: HostileInput;
  readonly trigger: HostileInput;
  /** What `describe` says of it afterwards. Absent: its state stays good, only the request is refused. */
  readonly reason?: RegExp;
  readonly build: () => Uint8Array;
}

/** Every hostile model. */
export const hostileModelTable: readonly HostileModel[] = [
  {
    name: "truncated",
    what: "a model whose last third is missing",
    when: "parse",
    effect: "invalid",
    harmless: fp32(0),
    trigger: fp32(0),
    reason: /not a valid ONNX model/,
    build: truncatedModel,
  },
  {
    name: "endless",
    what: "a loop whose condition is always true",
    when: "run",
    effect: "hang",
    harmless: fp32(0),
    trigger: fp32(0),
    reason: /did not (end|finish) within|quarantined/,
    build: () => writeModel(endlessModel()),
  },
  {
    name: "endless-for-input",
    what: "a loop that never ends for x > 1,000,000",
    when: "input",
    effect: "hang",
    harmless: fp32(1),
    trigger: fp32(2_000_000),
    reason: /RUNTIME_CRASHED|quarantined/,
    build: () => writeModel(endlessForInputModel()),
  },
  {
    name: "one-tebibyte",
    what: "every run asks for a tensor of 1 TiB",
    when: "run",
    effect: "refused",
    harmless: fp32(0),
    trigger: fp32(0),
    reason: /memory/i,
    build: () => writeModel(oneTebibyteModel()),
  },
  {
    name: "one-tebibyte-for-input",
    what: "asks for a tensor of as many numbers as the input says: 1 TiB for 2^38",
    when: "input",
    effect: "refused",
    harmless: fp32(4),
    trigger: fp32(2 ** 38),
    build: () => writeModel(sizedByInputModel()),
  },
  {
    name: "crash-at-load",
    what: "20,000 functions that call each other in a chain: the stack of the runtime overflows while it inlines them",
    when: "load",
    effect: "crash",
    harmless: fp32(1),
    trigger: fp32(1),
    reason: /crash|ended by|signal|SIG/i,
    build: () => writeModel(functionChainModel(20_000)),
  },
  {
    name: "crash-for-input",
    what: "divides the smallest INT32 by the input: for -1 the quotient does not exist and x86-64 processors trap (SIGFPE)",
    when: "input",
    effect: "crash",
    harmless: int32(2),
    trigger: int32(-1),
    reason: /RUNTIME_CRASHED|quarantined/,
    build: () => writeModel(overflowingDivisionModel()),
  },
];

const x: OnnxValueInfo = tensorValue("x", "FP32", ["n"]);
const y: OnnxValueInfo = tensorValue("y", "FP32", ["n"]);

function model(options: GraphOptions): OnnxModel {
  return buildModel({ opset: 17, irVersion: 8, ...options });
}

function truncatedModel(): Uint8Array {
  const weights = buildTensor({ name: "w", datatype: "FP32", shape: [1024], data: new Uint8Array(4096) });
  const nodes = [buildNode({ opType: "Add", inputs: ["x", "w"], outputs: ["y"] })];
  const whole = writeModel(model({ nodes, inputs: [x], outputs: [y], initializers: [weights] }));
  return whole.subarray(0, Math.floor((whole.length * 2) / 3));
}

/** y = x after a loop that goes on for as long as its first condition holds, which it never changes. */
function loopBody(): OnnxGraph {
  return buildGraph({
    name: "body",
    nodes: [
      buildNode({ opType: "Identity", inputs: ["goOn"], outputs: ["goOnNext"] }),
      buildNode({ opType: "Identity", inputs: ["value"], outputs: ["valueNext"] }),
    ],
    inputs: [tensorValue("iteration", "INT64", []), tensorValue("goOn", "BOOL", []), tensorValue("value", "FP32", ["n"])],
    outputs: [tensorValue("goOnNext", "BOOL", []), tensorValue("valueNext", "FP32", ["n"])],
  });
}

function endlessModel(): OnnxModel {
  const nodes = [buildNode({ opType: "Loop", inputs: ["", "always", "x"], outputs: ["y"], attributes: { body: { graph: loopBody() } } })];
  return model({
    nodes,
    inputs: [x],
    outputs: [y],
    initializers: [buildTensor({ name: "always", datatype: "BOOL", shape: [], data: [1] })],
  });
}

function endlessForInputModel(): OnnxModel {
  const nodes = [
    buildNode({ opType: "ReduceMax", inputs: ["x"], outputs: ["largest"], attributes: { keepdims: 0n } }),
    buildNode({ opType: "Greater", inputs: ["largest", "threshold"], outputs: ["isLarge"] }),
    buildNode({ opType: "Loop", inputs: ["", "isLarge", "x"], outputs: ["y"], attributes: { body: { graph: loopBody() } } }),
  ];
  const threshold = buildTensor({ name: "threshold", datatype: "FP32", shape: [], data: [1_000_000] });
  return model({ nodes, inputs: [x], outputs: [y], initializers: [threshold] });
}

function oneTebibyteModel(): OnnxModel {
  const nodes = [
    buildNode({ opType: "Expand", inputs: ["x", "size"], outputs: ["wide"] }),
    buildNode({ opType: "ReduceMax", inputs: ["wide"], outputs: ["y"], attributes: { keepdims: 1n } }),
  ];
  const size = buildTensor({ name: "size", datatype: "INT64", shape: [1], data: [2n ** 38n] });
  return model({ nodes, inputs: [tensorValue("x", "FP32", [1])], outputs: [tensorValue("y", "FP32", [1])], initializers: [size] });
}

function sizedByInputModel(): OnnxModel {
  const nodes = [
    buildNode({ opType: "Cast", inputs: ["x"], outputs: ["size"], attributes: { to: 7n } }),
    buildNode({ opType: "ConstantOfShape", inputs: ["size"], outputs: ["wide"] }),
    buildNode({ opType: "ReduceMax", inputs: ["wide"], outputs: ["y"], attributes: { keepdims: 1n } }),
  ];
  return model({ nodes, inputs: [tensorValue("x", "FP32", [1])], outputs: [tensorValue("y", "FP32", [1])] });
}

function functionChainModel(length: number): OnnxModel {
  const functions = Array.from({ length }, (_, index) => functionOf(index, index === length - 1 ? "Abs" : `Step${index + 1}`));
  const nodes = [buildNode({ opType: "Step0", inputs: ["x"], outputs: ["y"], domain: "chain" })];
  return buildModel({ opset: { "": 17, chain: 1 }, irVersion: 8, nodes, inputs: [x], outputs: [y], functions });
}

function functionOf(index: number, calls: string): OnnxFunction {
  const domain = calls === "Abs" ? "" : "chain";
  return {
    name: `Step${index}`,
    domain: "chain",
    input: ["a"],
    output: ["b"],
    attribute: [],
    node: [buildNode({ opType: calls, inputs: ["a"], outputs: ["b"], domain })],
    opsetImport: [
      { domain: "", version: 17n },
      { domain: "chain", version: 1n },
    ],
    attributeProto: [],
    valueInfo: [],
    metadataProps: [],
  };
}

function overflowingDivisionModel(): OnnxModel {
  const nodes = [buildNode({ opType: "Div", inputs: ["smallest", "x"], outputs: ["y"] })];
  const smallest = buildTensor({ name: "smallest", datatype: "INT32", shape: [1], data: [-(2 ** 31)] });
  const inputs = [tensorValue("x", "INT32", ["n"])];
  return model({ nodes, inputs, outputs: [tensorValue("y", "INT32", ["n"])], initializers: [smallest] });
}

function fp32(value: number): HostileInput {
  return { name: "x", datatype: "FP32", shape: [1], data: [value] };
}

function int32(value: number): HostileInput {
  return { name: "x", datatype: "INT32", shape: [1], data: [value] };
}

/** A hostile model as a file to deploy. */
export interface WrittenHostileModel {
  readonly kind: string;
  readonly path: string;
  /** What `describe` says of it in the end. */
  readonly reason: RegExp;
  /** Sets it off, if deploying it does not. */
  readonly inputs: readonly HostileInput[];
}

/** Writes those whose harm shows in their state. */
export function hostileModels(folder: string): readonly WrittenHostileModel[] {
  mkdirSync(folder, { recursive: true });
  return hostileModelTable.flatMap(({ name, reason, trigger, build }) => {
    if (reason === undefined) return [];
    const path = join(folder, `${name}.onnx`);
    writeFileSync(path, build());
    return [{ kind: name, path, reason, inputs: [trigger] }];
  });
}

if (import.meta.main) {
  const folder = process.argv[2];
  if (folder === undefined) {
    console.error("hostile-models: name the folder to write to");
    process.exit(2);
  }
  for (const { path } of hostileModels(folder)) console.log(path);
}
