/**
 * Puts a `Cast` behind each BF16 input and in front of each BF16 output, so that FP32 crosses the binding. Exact: widening BF16 loses nothing,
 * and rounding a widened BF16 gives it back.
 */
import { buildNode } from "../build/build-node.ts";
import { addNodes, editGraph, opsetVersion } from "../edit/edit-graph.ts";
import { freeName, renameInside } from "../edit/rename-value.ts";
import { elementCodeOf } from "../element-type.ts";
import type { Finding } from "../finding.ts";
import type { OnnxGraph, OnnxModel, OnnxNode, OnnxValueInfo } from "../model.ts";
import { requiredInputs } from "../signature.ts";
import { withStandardOpset } from "./maps-to-tensors.ts";
import type { Preparation } from "./preparation.ts";

const fp32 = elementCodeOf("FP32");
const bf16 = elementCodeOf("BF16");
/** First version of the standard operators whose `Cast` knows BF16. */
const oldestBf16Opset = 13n;

/** BF16 values of a model whose standard operators are too old to cast them. */
export function uncastable(model: OnnxModel): readonly Finding[] {
  const version = opsetVersion(model.opsetImport, "");
  if (model.graph === undefined || version === undefined || version >= oldestBf16Opset) return [];
  const path = boundaryPath(model.graph);
  if (path === undefined) return [];
  const message = `bfloat16 needs the standard operators of version ${oldestBf16Opset} or later; the model imports version ${version}`;
  return [{ kind: "TYPE_UNSUPPORTED", severity: "error", path, message }];
}

function boundaryPath(graph: OnnxGraph): string | undefined {
  const input = requiredInputs(graph).find(({ value }) => isBf16(value));
  if (input !== undefined) return `graph.input[${input.index}]`;
  const output = graph.output.findIndex(isBf16);
  return output < 0 ? undefined : `graph.output[${output}]`;
}

/** Makes each required BF16 input an FP32 input. */
export function castInputs({ model, edits }: Preparation): Preparation {
  const names = model.graph === undefined ? [] : requiredInputs(model.graph).flatMap(({ value }) => (isBf16(value) ? [nameOf(value)] : []));
  return names.reduce<Preparation>(
    (preparation, name) => ({
      model: editGraph(withStandardOpset(preparation.model), (graph) => castInput(graph, name)),
      edits: [...preparation.edits, `The input "${name}" is taken as FP32 and cast to BF16`],
    }),
    { model, edits },
  );
}

function castInput(graph: OnnxGraph, name: string): OnnxGraph {
  const inner = freeName(graph, `${name}/bfloat16`);
  const renamed = renameInside(graph, { from: name, to: inner });
  const input = graph.input.map((value) => (value.name === name ? asFp32(value) : value));
  // An output of the same name is this very input, now FP32 too.
  const output = graph.output.map((value) => (value.name === name ? asFp32(value) : value));
  return addNodes({ ...renamed, input, output }, [cast(name, inner, bf16)], "front");
}

/** Makes each BF16 output an FP32 output. */
export function castOutputs({ model, edits }: Preparation): Preparation {
  const names = new Set(model.graph?.output.filter(isBf16).map(nameOf));
  return [...names].reduce<Preparation>(
    (preparation, name) => ({
      model: editGraph(withStandardOpset(preparation.model), (graph) => castOutput(graph, name)),
      edits: [...preparation.edits, `The output "${name}" is cast from BF16 and given as FP32`],
    }),
    { model, edits },
  );
}

function castOutput(graph: OnnxGraph, name: string): OnnxGraph {
  const inner = freeName(graph, `${name}/bfloat16`);
  const renamed = renameInside(graph, { from: name, to: inner });
  const output = graph.output.map((value) => (value.name === name ? asFp32(value) : value));
  // Only an input with a default can have the name of an output here; its default is now a constant.
  const input = graph.input.filter((value) => value.name !== name);
  return addNodes({ ...renamed, input, output }, [cast(inner, name, fp32)]);
}

function cast(from: string, to: string, elementCode: number): OnnxNode {
  return buildNode({ opType: "Cast", inputs: [from], outputs: [to], attributes: { to: BigInt(elementCode) } });
}

function isBf16(value: OnnxValueInfo): boolean {
  return value.type?.tensorType?.elemType === bf16;
}

function asFp32(value: OnnxValueInfo): OnnxValueInfo {
  return { ...value, type: { ...value.type, tensorType: { ...value.type?.tensorType, elemType: fp32 } } };
}

function nameOf(value: OnnxValueInfo): string {
  return value.name ?? "";
}
