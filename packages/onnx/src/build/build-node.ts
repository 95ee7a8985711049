/** Makes nodes and their attributes. */
import type { OnnxAttribute, OnnxGraph, OnnxNode, OnnxTensor } from "../model.ts";

/** A value of an attribute: `bigint` is INT, `number` FLOAT, text or bytes STRING, and lists of them; tensors and graphs are wrapped. */
export type AttributeValue =
  | bigint
  | number
  | string
  | Uint8Array
  | readonly bigint[]
  | readonly number[]
  | readonly string[]
  | { readonly tensor: OnnxTensor }
  | { readonly graph: OnnxGraph };

/** What a node is made of. */
export interface NodeOptions {
  readonly opType: string;
  /** "" leaves an optional input out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  /** Default the standard operators. */
  readonly domain?: string;
  readonly name?: string;
}

/**
 * Makes a node.
 *
 * @example buildNode({ opType: "Cast", inputs: ["x"], outputs: ["y"], attributes: { to: 1n } })
 */
export function buildNode({ opType, inputs, outputs, attributes = {}, domain, name }: NodeOptions): OnnxNode {
  return {
    input: inputs,
    output: outputs,
    ...(name === undefined ? {} : { name }),
    opType,
    attribute: Object.entries(attributes).map(([key, value]) => attributeOf(key, value)),
    ...(domain === undefined ? {} : { domain }),
    metadataProps: [],
  };
}

/** `AttributeProto.AttributeType`. */
const attributeTypes = { float: 1, int: 2, string: 3, tensor: 4, graph: 5, floats: 6, ints: 7, strings: 8 } as const;

/** Makes one attribute. An empty list is INTS. */
export function attributeOf(name: string, value: AttributeValue): OnnxAttribute {
  return { ...noLists, name, ...fieldsOf(value) };
}

const noLists = { floats: [], ints: [], strings: [], tensors: [], graphs: [], typeProtos: [], sparseTensors: [] } as const;

function fieldsOf(value: AttributeValue): Partial<OnnxAttribute> {
  if (typeof value === "bigint") return { type: attributeTypes.int, i: value };
  if (typeof value === "number") return { type: attributeTypes.float, f: value };
  if (typeof value === "string") return { type: attributeTypes.string, s: encode(value) };
  if (value instanceof Uint8Array) return { type: attributeTypes.string, s: value };
  if ("tensor" in value) return { type: attributeTypes.tensor, t: value.tensor };
  if ("graph" in value) return { type: attributeTypes.graph, g: value.graph };
  return listFieldsOf(value);
}

function listFieldsOf(list: readonly bigint[] | readonly number[] | readonly string[]): Partial<OnnxAttribute> {
  if (isListOf(list, "number")) return { type: attributeTypes.floats, floats: list };
  if (isListOf(list, "string")) return { type: attributeTypes.strings, strings: list.map(encode) };
  return { type: attributeTypes.ints, ints: list.filter((element) => typeof element === "bigint") };
}

interface ElementOf {
  readonly number: number;
  readonly string: string;
}

function isListOf<K extends keyof ElementOf>(list: readonly unknown[], kind: K): list is readonly ElementOf[K][] {
  return typeof list[0] === kind;
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
