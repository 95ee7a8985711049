import { Metadata } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { serverExtensions } from "../server-extensions.ts";
import {
  type GrpcCallExtras,
  type GrpcConnected,
  grpcServers,
  type Message,
  pairSignature,
  refusalOf,
  signatureOf,
  type TestServerOptions,
  testModel,
} from "../testing/index.ts";

const { start } = grpcServers();

async function startPair(options: Partial<TestServerOptions> = {}): Promise<GrpcConnected> {
  const revisions = [
    { revision: 2, model: await testModel("default/pair__isvc-2") },
    { revision: 1, model: await testModel("default/pair__isvc-1") },
  ] as const;
  const other = { revision: 7, model: await testModel("team/other__isvc-7") };
  return start({
    services: [
      { name: "pair", revisions },
      { namespace: "team", name: "other", revisions: [other] },
    ],
    ...options,
  });
}

const header = { name: "x", datatype: "FP32", shape: [1, 2] };
const typed = { ...header, contents: { fp32_contents: [1.5, -2] } };
const rawBytes = Buffer.from(Float32Array.of(1.5, -2).buffer);

function namespace(name: string): GrpcCallExtras {
  const metadata = new Metadata();
  metadata.set("modelyard-namespace", name);
  return { metadata };
}

describe("health and metadata over gRPC", () => {
  it("answer live, ready and the server's metadata", async () => {
    const { server, client } = await startPair();
    expect(await client.call("ServerLive", {})).toEqual({ live: true });
    expect(await client.call("ServerReady", {})).toEqual({ ready: true });
    expect(await client.call("ServerMetadata", {})).toEqual({ name: "modelyard", version: "1.2.3", extensions: [...serverExtensions] });
    server.mesh.isReady = false;
    expect(await client.call("ServerReady", {})).toEqual({ ready: false });
  });

  it("describe a model, any version and a certain one", async () => {
    const { client } = await startPair();
    const tensor = { datatype: "FP32", shape: ["-1", "2"] };
    const wanted = {
      name: "pair",
      versions: ["2", "1"],
      platform: pairSignature.platform,
      inputs: [{ name: "x", ...tensor }],
      outputs: [{ name: "y", ...tensor }],
    };
    expect(await client.call("ModelMetadata", { name: "pair" })).toEqual(wanted);
    expect(await client.call("ModelMetadata", { name: "pair", version: "1" })).toEqual(wanted);
    expect(await client.call("ModelReady", { name: "pair", version: "1" })).toEqual({ ready: true });
  });

  it("name what is served when something else is asked for", async () => {
    const { client } = await startPair();
    expect(await refusalOf(client.call("ModelMetadata", { name: "absent" }))).toBe(
      'NOT_FOUND: The model "absent" was not found in the namespace "default"',
    );
    expect(await refusalOf(client.call("ModelMetadata", { name: "pair", version: "9" }))).toBe(
      'NOT_FOUND: The version "9" of the model "pair" is not served: served are 2, 1',
    );
  });

  it("take the namespace from the metadata", async () => {
    const { client } = await startPair();
    expect(await client.call("ModelReady", { name: "other" }, namespace("team"))).toEqual({ ready: true });
    expect(await refusalOf(client.call("ModelMetadata", { name: "other" }))).toContain("NOT_FOUND");
  });

  it("say of a model or version that is not there that it is not ready", async () => {
    const { client } = await startPair();
    expect(await client.call("ModelReady", { name: "absent" })).toEqual({ ready: false });
    expect(await client.call("ModelReady", { name: "pair", version: "9" })).toEqual({ ready: false });
  });

  it("answer a method they do not know with UNIMPLEMENTED", async () => {
    const { client } = await startPair();
    expect(await refusalOf(client.call("ModelForget", {}))).toBe(
      'UNIMPLEMENTED: The method "/inference.GRPCInferenceService/ModelForget" is not supported',
    );
  });

  it("load a model that was never loaded to describe it", async () => {
    const model = await testModel("default/cold__isvc-1");
    const { server, client } = await start({ services: [{ name: "cold", revisions: [{ revision: 1, model, load: "onDemand" }] }] });
    expect(await client.call("ModelMetadata", { name: "cold" })).toMatchObject({ platform: "onnx_onnxruntime" });
    expect(server.mesh.holds).toBe(0);
  });
});

describe("inference over gRPC", () => {
  it("answers typed contents with typed contents", async () => {
    const { server, client } = await startPair();
    const answer = await client.call("ModelInfer", { model_name: "pair", id: "r-1", inputs: [typed] });
    expect(answer).toMatchObject({
      model_name: "pair",
      model_version: "2",
      id: "r-1",
      outputs: [{ name: "y", datatype: "FP32", shape: ["1", "2"], contents: { fp32_contents: [1.5, -2] } }],
      raw_output_contents: [],
    });
    expect(server.mesh.holds).toBe(0);
  });

  it("answers raw contents with raw contents", async () => {
    const { client } = await startPair();
    const answer = await client.call("ModelInfer", {
      model_name: "pair",
      model_version: "1",
      inputs: [header],
      raw_input_contents: [rawBytes],
    });
    expect(answer).toMatchObject({ model_version: "1", outputs: [{ name: "y", contents: null }], raw_output_contents: [rawBytes] });
  });

  it.each([
    ["INT64", { int64_contents: ["9007199254740991"] }],
    ["UINT64", { uint64_contents: ["9007199254740991"] }],
    ["BOOL", { bool_contents: [true] }],
    ["INT8", { int_contents: [-128] }],
    ["UINT32", { uint_contents: [4_294_967_295] }],
    ["FP64", { fp64_contents: [0.1] }],
    ["BYTES", { bytes_contents: [Buffer.from([0xff, 0x00])] }],
  ] as const)("carries %s there and back exactly", async (datatype, contents) => {
    const model = await testModel("default/one__isvc-1", { signature: signatureOf(datatype) });
    const { client } = await start({ services: [{ name: "one", revisions: [{ revision: 1, model }] }] });
    const answer = await client.call("ModelInfer", { model_name: "one", inputs: [{ name: "x", datatype, shape: [1], contents }] });
    expect(answer["outputs"]).toMatchObject([{ datatype, contents }]);
  });

  it("carries FP16 raw", async () => {
    const model = await testModel("default/one__isvc-1", { signature: signatureOf("FP16") });
    const { client } = await start({ services: [{ name: "one", revisions: [{ revision: 1, model }] }] });
    const inputs = [{ name: "x", datatype: "FP16", shape: [1] }];
    const answer = await client.call("ModelInfer", { model_name: "one", inputs, raw_input_contents: [Buffer.from([0, 0x3c])] });
    expect(answer["raw_output_contents"]).toEqual([Buffer.from([0, 0x3c])]);
  });

  it.each<[string, Message, string]>([
    ["an absent model", { model_name: "absent", inputs: [typed] }, 'NOT_FOUND: The model "absent" was not found'],
    ["no inputs", { model_name: "pair" }, 'INVALID_ARGUMENT: The input "x" of the model "pair" is missing'],
    ["an unknown input", { model_name: "pair", inputs: [{ ...typed, name: "z" }] }, 'has no input "z": its inputs are "x" FP32 [-1,2]'],
    ["a wrong datatype", { model_name: "pair", inputs: [{ ...typed, datatype: "INT32" }] }, "the model expects 'FP32'"],
    ["a wrong shape", { model_name: "pair", inputs: [{ ...typed, shape: [1, 3] }] }, "unexpected shape for input"],
    ["a negative dimension", { model_name: "pair", inputs: [{ ...typed, shape: [-1, 2] }] }, "The shape [-1,2] of the tensor"],
    ["too few elements", { model_name: "pair", inputs: [{ ...typed, shape: [2, 2] }] }, "expected 4 elements in fp32_contents, got 2"],
    ["raw beside typed", { model_name: "pair", inputs: [typed], raw_input_contents: [rawBytes] }, "no contents beside raw_input_contents"],
    ["too many raw entries", { model_name: "pair", inputs: [header], raw_input_contents: [rawBytes, rawBytes] }, "expected 1, got 2"],
    ["an unknown output", { model_name: "pair", inputs: [typed], outputs: [{ name: "z" }] }, 'has no output "z"'],
    [
      "a count of classes below 0",
      { model_name: "pair", inputs: [typed], outputs: [{ name: "y", parameters: { classification: { int64_param: -1 } } }] },
      'The parameter "classification" of the output "y" must be a whole number of 0 or more, got -1',
    ],
  ])("refuses %s", async (_what, message, words) => {
    const { server, client } = await startPair();
    expect(await refusalOf(client.call("ModelInfer", message))).toContain(words);
    expect(server.mesh.holds).toBe(0);
  });

  it("tells programs the reason in a trailer", async () => {
    const { client } = await startPair();
    const failed = await client
      .call("ModelInfer", { model_name: "absent" })
      .catch((error: unknown) => error as { readonly metadata: Metadata });
    expect("metadata" in failed && failed.metadata instanceof Metadata && failed.metadata.get("modelyard-reason")).toEqual([
      "MODEL_NOT_FOUND",
    ]);
  });

  it("refuses a message over the limit and goes on serving the connection", async () => {
    const { client } = await startPair({ limits: { maxBodyBytes: 200 } });
    const large = { model_name: "pair", inputs: [header], raw_input_contents: [Buffer.alloc(400)] };
    expect(await refusalOf(client.call("ModelInfer", large))).toContain("RESOURCE_EXHAUSTED");
    expect(await client.call("ServerLive", {})).toEqual({ live: true });
  });
});
