/**
 * Turns outputs that are lists of maps (class to probability) into the tensor the maps are made of. Converters of classifiers put a `ZipMap`
 * at the end; it only pairs the columns of its input with class labels, so an `Identity` in its place gives the same numbers.
 */
import { canonicalDomain, editGraph, opsetVersion, setMetadata } from "../edit/edit-graph.ts";
import { bodiesOf } from "../edit/rename-value.ts";
import { elementCodeOf } from "../element-type.ts";
import type { OnnxGraph, OnnxModel, OnnxNode, OnnxValueInfo } from "../model.ts";
import type { Preparation } from "./preparation.ts";

/** Classes by column: texts or whole numbers. */
export type ClassLabels = readonly string[] | readonly bigint[];

/** The edited model and the labels of each rewritten output. */
export interface MapsToTensors extends Preparation {
  readonly classLabels: ReadonlyMap<string, ClassLabels>;
}

/** Oldest version of the standard operators to import where none is: it has `Identity` and `Cast` for every type. */
const oldestOpset = 13n;

/** Rewrites every output that a `ZipMap` of the main graph makes and nothing else uses. */
export function mapsToTensors(model: OnnxModel): MapsToTensors {
  let preparation: MapsToTensors = { model, edits: [], classLabels: new Map() };
  for (const { name = "" } of model.graph?.output ?? []) preparation = mapToTensor(preparation, name);
  return preparation;
}

function mapToTensor(preparation: MapsToTensors, output: string): MapsToTensors {
  const { model, edits, classLabels } = preparation;
  const node = model.graph?.node.find((one) => one.output[0] === output && isZipMap(one));
  if (node === undefined || model.graph === undefined || isUsed(model.graph, output)) return preparation;
  const { labels, attribute } = labelsOf(node);
  const identity: OnnxNode = { ...node, opType: "Identity", domain: "", attribute: [] };
  const edited = editGraph(withStandardOpset(model), (graph) => ({
    ...graph,
    node: graph.node.map((one) => (one === node ? identity : one)),
    output: graph.output.map((value) => (value.name === output ? probabilities(output, labels.length) : value)),
    valueInfo: graph.valueInfo.filter((value) => value.name !== output),
  }));
  return {
    model: setMetadata(edited, `${attribute}.${output}`, JSON.stringify(labels.map(jsonLabel))),
    edits: [...edits, `The output "${output}" is the tensor its maps were made of, one column a class, ${labels.length} classes`],
    classLabels: new Map([...classLabels, [output, labels]]),
  };
}

function isZipMap(node: OnnxNode): boolean {
  return node.opType === "ZipMap" && node.domain === "ai.onnx.ml";
}

function isUsed(graph: OnnxGraph, name: string): boolean {
  return graph.node.some(
    (node) => node.input.includes(name) || node.attribute.some((attribute) => bodiesOf(attribute).some((body) => isMentioned(body, name))),
  );
}

function isMentioned(body: OnnxGraph, name: string): boolean {
  return isUsed(body, name) || body.output.some((value) => value.name === name);
}

interface Labels {
  readonly labels: ClassLabels;
  /** Name of the attribute that holds them. */
  readonly attribute: string;
}

function labelsOf(node: OnnxNode): Labels {
  const texts = node.attribute.find(({ name }) => name === "classlabels_strings");
  if (texts !== undefined && texts.strings.length > 0) {
    return { labels: texts.strings.map((text) => new TextDecoder().decode(text)), attribute: "classlabels_strings" };
  }
  const numbers = node.attribute.find(({ name }) => name === "classlabels_int64s");
  return { labels: numbers?.ints ?? [], attribute: "classlabels_int64s" };
}

function jsonLabel(label: string | bigint): string | number {
  if (typeof label === "string") return label;
  const number = Number(label);
  return Number.isSafeInteger(number) ? number : String(label);
}

function probabilities(name: string, classes: number): OnnxValueInfo {
  const shape = { dim: [{}, { dimValue: BigInt(classes) }] };
  return { name, type: { tensorType: { elemType: elementCodeOf("FP32"), shape } }, metadataProps: [] };
}

/** The model with the standard operators imported. */
export function withStandardOpset(model: OnnxModel): OnnxModel {
  if (opsetVersion(model.opsetImport, "") !== undefined) return model;
  return { ...model, opsetImport: [...model.opsetImport, { domain: canonicalDomain(""), version: oldestOpset }] };
}
