/** A `curl` command that works when it is pasted into a shell: an inference with plain values, made from the model's own metadata. */
import { countOf } from "../input/fit-shape.ts";
import type { ModelMetadata, TensorMetadata } from "../input/model-metadata.ts";
import { shellQuoted } from "./shell-quoted.ts";

/** Elements up to which the values are written out; more are made by the shell, and sent through a pipe, whose length no limit of the system binds. */
const maxWrittenElements = 64;

/** The line for a model at its address `http://…/v2/models/NAME`, with more options of `curl` as its server needs them. Sizes that are free are 1. */
export function curlLine(url: string, model: ModelMetadata, options: readonly string[] = []): string {
  const inputs = model.inputs.map(exampleOf);
  const target = [...options, shellQuoted(`${url}/infer`)].join(" ");
  return inputs.every(({ count }) => count <= maxWrittenElements) ? writtenOut(inputs, target) : madeByShell(inputs, target);
}

interface Example {
  /** Everything of the input but its elements, as JSON without the closing brace. */
  readonly head: string;
  readonly count: number;
  /** One element, as JSON. */
  readonly value: string;
}

const curl = "curl -sS -H 'content-type: application/json'";

function exampleOf({ name, datatype, shape: wanted }: TensorMetadata): Example {
  const shape = wanted.map((size) => (size < 0 ? 1 : size));
  const value = datatype === "BYTES" ? '"a"' : datatype === "BOOL" ? "true" : "0";
  return { head: JSON.stringify({ name, shape, datatype }).slice(0, -1), count: countOf(shape), value };
}

function writtenOut(inputs: readonly Example[], target: string): string {
  const members = inputs.map(({ head, count, value }) => `${head},"data":[${Array<string>(count).fill(value).join(",")}]}`);
  return `${curl} -d ${shellQuoted(`{"inputs":[${members.join(",")}]}`)} ${target}`;
}

function madeByShell(inputs: readonly Example[], target: string): string {
  // printf of the shell: %% and \\ stand for themselves in its format, and %s takes the lists.
  const members = inputs.map(({ head }) => `${head.replaceAll("\\", "\\\\").replaceAll("%", "%%")},"data":[%s]}`);
  const lists = inputs.map(({ count, value }) => `"${repeated(value, count)}"`);
  return `printf ${shellQuoted(`{"inputs":[${members.join(",")}]}`)} ${lists.join(" ")} | ${curl} --data-binary @- ${target}`;
}

/** A list in the shell: the value for each number of a sequence, none of which is shown. */
function repeated(value: string, count: number): string {
  if (count === 0) return "";
  const escaped = value.replaceAll('"', '\\"');
  return count === 1 ? escaped : `$(printf '${value},%.0s' $(seq ${count - 1}))${escaped}`;
}
