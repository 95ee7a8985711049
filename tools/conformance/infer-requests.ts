/** Requests for the digits network that the checks share. */
import type { Subject } from "./check.ts";
import { field, type RestReceived, type RestSent } from "./rest-exchange.ts";

/** Its input, described. */
export const describedImage: { readonly name: string; readonly shape: readonly number[]; readonly datatype: string } = {
  name: "Input3",
  shape: [1, 1, 28, 28],
  datatype: "FP32",
};
/** Bytes of its input. */
export const imageBytes = 3136;
/** Its output. */
export const outputName = "Plus214_Output_0";
/** Its input with data. */
export const image: typeof describedImage & { readonly data: readonly number[] } = {
  ...describedImage,
  data: Array.from({ length: 784 }, () => 0),
};

/** A POST to the model's infer address. */
export function inferSent(
  body: object | string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): (subject: Subject) => RestSent {
  const sent = typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
  return ({ model }) => ({ path: `/v2/models/${model}/infer`, method: "POST", body: sent, headers });
}

/** A request whose input is binary. */
export function binarySent(
  sizeBytes: number,
  more: { readonly declared?: unknown; readonly jsonLength?: string; readonly output?: object; readonly parameters?: object } = {},
): (subject: Subject) => RestSent {
  const { declared = sizeBytes, output, parameters = { binary_data_output: true } } = more;
  const input = { ...describedImage, parameters: { binary_data_size: declared } };
  const head = Buffer.from(JSON.stringify({ inputs: [input], ...(output ? { outputs: [output] } : { parameters }) }));
  const headers = {
    "inference-header-content-length": more.jsonLength ?? String(head.length),
    "content-type": "application/octet-stream",
  };
  return inferSent(Buffer.concat([head, Buffer.alloc(sizeBytes)]), headers);
}

/** Whether an answer has the one output as JSON. */
export function hasAnswer({ json }: RestReceived): boolean {
  const [output] = (field(json, "outputs") ?? []) as readonly unknown[];
  const data = field(output, "data");
  return field(output, "name") === outputName && String(field(output, "shape")) === "1,10" && Array.isArray(data) && data.length === 10;
}

/** Rows of zeros. */
export function square(size: number): readonly (readonly number[])[] {
  return Array.from({ length: size }, () => Array.from({ length: size }, () => 0));
}
