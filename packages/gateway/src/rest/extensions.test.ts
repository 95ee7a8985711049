import { describe, expect, it } from "vitest";
import { errorOf, inferPair, pairInput, restServers, send } from "../testing/index.ts";

const { startPair } = restServers();

describe("the model repository over REST", () => {
  it("is indexed, by namespace, and as a whole or what is ready", async () => {
    const { port } = await startPair();
    const post = (path: string, body: object): Promise<unknown> => send(port, path, { body }).then(({ json }) => json);
    expect(await post("/ns/team/v2/repository/index", {})).toEqual([{ name: "other", version: "7", state: "READY", reason: "" }]);
    await send(port, "/v2/repository/models/pair/unload", { body: {} });
    expect(await post("/v2/repository/index", { ready: true })).toHaveLength(1);
    expect(await post("/v2/repository/index", {})).toHaveLength(3);
  });

  it("unloads a model, whose requests are refused with 503 until it is loaded again", async () => {
    const server = await startPair();
    const status = async (path: string): Promise<number> => (await send(server.port, path)).status;
    expect((await send(server.port, "/v2/repository/models/pair/unload", { method: "POST" })).status).toBe(200);
    expect(await inferPair(server, { inputs: [pairInput] })).toMatchObject({
      status: 503,
      json: { reason: "MODEL_UNLOADED", retryable: false },
    });
    expect(await status("/v2/models/pair/ready")).toBe(503);
    expect(await status("/v2/models/pair/config")).toBe(503);
    const load = send(server.port, "/v2/repository/models/pair/load", { body: { parameters: {} } });
    await expect.poll(() => server.mesh.find("default", "pair")?.isUnloaded).toBe(false);
    expect((await load).status).toBe(200);
    expect((await inferPair(server, { inputs: [pairInput] })).status).toBe(200);
  });

  it.each<[string, string, object | string, number, string]>([
    ["a configuration", "models/pair/load", { parameters: { config: "{}" } }, 501, "immutable"],
    ["a model that is not there", "models/none/load", {}, 404, "was not found"],
    ["a body that is a list", "index", "[]", 400, "must be a JSON object, got []"],
    ["a word for ready", "index", { ready: "yes" }, 400, 'must be true or false, got "yes"'],
    ["parameters that are none", "models/pair/unload", { parameters: 3 }, 400, "must be an object, got 3"],
  ])("refuses %s", async (_what, path, body, status, words) => {
    const { port } = await startPair();
    const answer = await send(port, `/v2/repository/${path}`, { body });
    expect([answer.status, errorOf(answer)]).toEqual([status, expect.stringContaining(words)]);
  });
});

describe("statistics and configuration over REST", () => {
  it("count the inferences of each revision", async () => {
    const server = await startPair();
    await inferPair(server, { inputs: [pairInput] });
    await inferPair(server, { inputs: [] });
    const { json } = await send(server.port, "/v2/models/pair/versions/2/stats");
    expect(json).toMatchObject({
      model_stats: [{ name: "pair", version: "2", inference_count: 1, inference_stats: { success: { count: 1 }, fail: { count: 1 } } }],
    });
    expect((await send(server.port, "/v2/models/stats")).json).toMatchObject({ model_stats: [{}, {}, {}] });
  });

  it("describe a model in Triton's words", async () => {
    const { port } = await startPair();
    expect((await send(port, "/v2/models/pair/config")).json).toMatchObject({
      backend: "onnxruntime",
      input: [{ name: "x", data_type: "TYPE_FP32", dims: [2] }],
    });
  });
});

describe("what is not supported over REST", () => {
  it.each([
    ["/v2/logging", "logging"],
    ["/v2/trace/setting", "trace"],
    ["/v2/models/pair/trace/setting", "trace"],
    ["/v2/systemsharedmemory/status", "System shared memory"],
    ["/v2/cudasharedmemory/region/r/register", "CUDA shared memory"],
    ["/v2/models/pair/generate", "generate"],
    ["/v2/models/pair/generate_stream", "generate"],
    ["/v1/models/pair:explain", ":explain"],
  ])("answers %s with 501 by name", async (path, words) => {
    const { port } = await startPair();
    const answer = await send(port, path, { body: {} });
    expect([answer.status, errorOf(answer)]).toEqual([501, expect.stringContaining(words)]);
  });
});
