/** A `curl` command that works when it is pasted into a shell: an inference with plain values, made from the model's own metadata. */
import { countOf } from "../input/fit-shape.ts";
import type { ModelMetadata, TensorMetadata } from "../input/model-metadata.ts";

/** Elements up to which the values are written out; more are made by the shell, and sent through a pipe, whose length no limit of the system binds. */
const maxWrittenElements = 64;

/** The line for a model at its address `http://…/v2/models/NAME`. Sizes that are free are 1. */
export function curlLine(url: string, model: ModelMetadata): string {
  const target = `${shellQuoted(`${url}/infer`)}`;
  const header = "-H 'content-type: application/json'";
  const inputs = model.inputs.map((input) => ({ input, shape: input.shape.map((size) => (size < 0 ? 1 : size)) }));
  const isSmall = inputs.every(({ shape }) => countOf(shape) <= maxWrittenElements);
  const members = inputs.map(({ input, shape }) => {
    const head = JSON.stringify({ name: input.name, shape, datatype: input.datatype }).slice(0, -1);
    const count = countOf(shape);
    return isSmall ? `${head},"data":[${Array<string>(count).fill(valueOf(input)).join(",")}]}` : { head, count, value: valueOf(input) };
  });
  if (isSmall) return `curl -sS ${header} -d ${shellQuoted(`{"inputs":[${members.join(",")}]}`)} ${target}`;
  const big = members.filter((member) => typeof member !== "string");
  // printf of the shell: %% and \\ stand for themselves in its format, and %s takes the lists.
  const format = `{"inputs":[${big.map(({ head }) => `${head.replaceAll("\\", "\\\\").replaceAll("%", "%%")},"data":[%s]}`).join(",")}]}`;
  const lists = big.map(({ count, value }) => `"${repeated(value, count)}"`).join(" ");
  return `printf ${shellQuoted(format)} ${lists} | curl -sS ${header} --data-binary @- ${target}`;
}

/** A list in the shell: the value for each number of a sequence, none of which is shown. */
function repeated(value: string, count: number): string {
  if (count === 0) return "";
  const escaped = value.replaceAll('"', '\\"');
  return count === 1 ? escaped : `$(printf '${value},%.0s' $(seq ${count - 1}))${escaped}`;
}

function valueOf({ datatype }: TensorMetadata): string {
  if (datatype === "BYTES") return '"a"';
  return datatype === "BOOL" ? "true" : "0";
}

/** Plain words stay as they are; the rest is in single quotes. */
function shellQuoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
