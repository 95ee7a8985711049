/**
 * The same handler on fastify: what a request has to be is checked by schemas and against the model's signature, and the same model runs in the same
 * way; only HTTP and JSON are fastify's. Arguments: port, model file or "none", folder.
 */
import { fastify } from "fastify";
import { loadInlineModel } from "../onnx-model.ts";
import { tenNumbers } from "../ten-numbers.ts";

type Tensor = Awaited<ReturnType<typeof tenNumbers.infer>>[number];

interface JsonTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

const tensor = {
  type: "object",
  required: ["name", "datatype", "shape", "data"],
  properties: {
    name: { type: "string" },
    datatype: { type: "string" },
    shape: { type: "array", items: { type: "integer" } },
    data: { type: "array", items: { type: "number" } },
  },
} as const;
const schema = {
  body: { type: "object", required: ["inputs"], properties: { id: { type: "string" }, inputs: { type: "array", items: tensor } } },
  response: {
    200: {
      type: "object",
      properties: {
        model_name: { type: "string" },
        model_version: { type: "string" },
        id: { type: "string" },
        outputs: { type: "array", items: tensor },
      },
    },
  },
} as const;

const [port = "0", file = "none", folder = ""] = process.argv.slice(2);
const model = file === "none" ? tenNumbers : await loadInlineModel(folder, file);
// We turn no text into a number either.
const app = fastify({ bodyLimit: 64 * 1024 * 1024, ajv: { customOptions: { coerceTypes: false } } });
app.post("/v2/models/:model/infer", { schema }, async (request) => {
  // What the schema has checked.
  const { id, inputs } = request.body as { readonly id?: string; readonly inputs: readonly JsonTensor[] };
  const { model: name } = request.params as { readonly model: string };
  const outputs = await model.infer({ inputs: bound(inputs), outputNames: undefined });
  return { model_name: name, model_version: "1", ...(id === undefined ? {} : { id }), outputs: outputs.map(toJson) };
});
app.get("/v2/models/:model/ready", async () => ({}));
await app.listen({ host: "127.0.0.1", port: Number(port) });

/** The inputs of the signature; throws where the request's differ from them. */
function bound(inputs: readonly JsonTensor[]): readonly Tensor[] {
  const wanted = model.signature.inputs;
  if (inputs.length !== wanted.length) throw refusal(`${wanted.length} inputs are wanted`);
  return wanted.map(({ name, datatype, shape }) => {
    const input = inputs.find((one) => one.name === name);
    if (!input) throw refusal(`the input "${name}" is missing`);
    const isShape = input.shape.length === shape.length && shape.every((size, index) => size === input.shape[index]);
    if (input.datatype !== datatype || !isShape) throw refusal(`the input "${name}" has another datatype or shape`);
    const count = input.shape.reduce((product, size) => product * size, 1);
    if (input.data.length !== count) throw refusal(`the input "${name}" has ${input.data.length} elements where ${count} are wanted`);
    return { name, datatype: "FP32", shape: input.shape, bytes: new Uint8Array(new Float32Array(input.data).buffer) };
  });
}

function refusal(message: string): Error {
  return Object.assign(new Error(message), { statusCode: 400 });
}

function toJson(output: Tensor): JsonTensor {
  const { name, datatype, shape } = output;
  const bytes = "bytes" in output ? output.bytes : new Uint8Array();
  return { name, datatype, shape, data: Array.from(new Float32Array(new Uint8Array(bytes).buffer)) };
}
