/** The same handler on fastify as its users would write it: schemas for body and answer, with or without the model. Arguments: port, model file or "none". */
import { fastify } from "fastify";
import type { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";

// The library reports every session to its maker unless this is set before it is loaded.
process.env["ORT_DISABLE_TELEMETRY"] = "1";
const [port = "0", file = "none"] = process.argv.slice(2);

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

const run = file === "none" ? withoutModel : await withModel(file);
const app = fastify({ bodyLimit: 64 * 1024 * 1024 });
app.post("/v2/models/:model/infer", { schema }, async (request) => {
  // What the schema has checked.
  const { id, inputs } = request.body as { readonly id?: string; readonly inputs: readonly JsonTensor[] };
  const { model } = request.params as { readonly model: string };
  return { model_name: model, model_version: "1", ...(id === undefined ? {} : { id }), outputs: await run(inputs) };
});
app.get("/v2/models/:model/ready", async () => ({}));
await app.listen({ host: "127.0.0.1", port: Number(port) });

async function withoutModel(inputs: readonly JsonTensor[]): Promise<readonly JsonTensor[]> {
  const values = Float32Array.from(inputs[0]?.data ?? []);
  return [{ name: "y", datatype: "FP32", shape: [1, 10], data: Array.from(values.subarray(0, 10)) }];
}

async function withModel(path: string): Promise<typeof withoutModel> {
  const { InferenceSession, Tensor } = await import("onnxruntime-node");
  const options: InferenceSession.SessionOptions = { intraOpNumThreads: 1, interOpNumThreads: 1 };
  const session = await InferenceSession.create(path, options);
  return async (inputs) => {
    const feeds = inputs.map(({ name, shape, data }): [string, OrtTensor] => [name, new Tensor("float32", Float32Array.from(data), shape)]);
    const results = await session.run(Object.fromEntries(feeds));
    return Object.entries(results).map(([name, { dims, data }]) => ({
      name,
      datatype: "FP32",
      shape: dims,
      data: Array.from(data as Float32Array),
    }));
  };
}
