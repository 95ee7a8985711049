import { failure } from "@modelyard/core";
import { describe, expect, it } from "vitest";
import { errorOf, pairSignature, restServers, send, testModel } from "../testing/index.ts";

const { start, startPair } = restServers();

describe("health and metadata over REST", () => {
  it("answer live and ready as JSON, 503 until the mesh is ready", async () => {
    const server = await startPair();
    expect(await send(server.port, "/v2/health/live")).toMatchObject({ status: 200, json: { live: true } });
    const ready = await send(server.port, "/v2/health/ready");
    expect(ready).toMatchObject({ status: 200, json: { ready: true } });
    expect(ready.headers["content-type"]).toBe("application/json");
    server.mesh.isReady = false;
    expect(await send(server.port, "/v2/health/ready")).toMatchObject({ status: 503, json: { ready: false } });
  });

  it("name the server and its extensions", async () => {
    const server = await startPair();
    const extensions = [
      "binary_tensor_data",
      "classification",
      "model_configuration",
      "model_repository",
      "model_repository(unload_dependents)",
      "parameters",
      "schedule_policy",
      "statistics",
    ];
    const wanted = { name: "modelyard", version: "1.2.3", extensions };
    expect((await send(server.port, "/v2")).json).toEqual(wanted);
    expect((await send(server.port, "/v2/?verbose=1")).json).toEqual(wanted);
  });

  it("list models by the names clients use, of one namespace", async () => {
    const server = await startPair();
    expect((await send(server.port, "/v2/models")).json).toEqual({ models: ["a b/ü", "pair"] });
    expect((await send(server.port, "/ns/team/v2/models")).json).toEqual({ models: ["other"] });
  });

  it("describe a model by its object name, its model name, percent-encoded, and by version", async () => {
    const server = await startPair();
    const { platform, inputs, outputs } = pairSignature;
    expect((await send(server.port, "/v2/models/pair")).json).toEqual({ name: "pair", versions: ["2", "1"], platform, inputs, outputs });
    expect((await send(server.port, "/v2/models/pair/versions/1")).status).toBe(200);
    expect((await send(server.port, "/v2/models/a%20b%2F%C3%BC")).json).toMatchObject({ name: "a b/ü", versions: ["1"] });
    expect((await send(server.port, "/v2/models/a%20b/%C3%BC/versions/1/ready")).json).toEqual({ name: "a b/ü", ready: true });
    expect((await send(server.port, "/v2/models/derived")).json).toMatchObject({ name: "derived" });
  });

  it("load a model that was never loaded to describe it, and let it go again", async () => {
    const model = await testModel("default/cold__isvc-1");
    const server = await start({ services: [{ name: "cold", revisions: [{ revision: 1, model, load: "onDemand" }] }] });
    expect((await send(server.port, "/v2/models/cold")).json).toMatchObject({ inputs: pairSignature.inputs });
    expect(server.mesh.holds).toBe(0);
  });

  it("call an evicted model ready and one that failed to load not ready", async () => {
    const revisions = [{ revision: 1, model: await testModel("default/cold__isvc-1"), load: "manual" }] as const;
    const broken = {
      revision: 1,
      model: await testModel("default/broken__isvc-1"),
      load: failure("MODEL_LOAD_FAILED", { why: "it is cut off" }),
    };
    const server = await start({
      services: [
        { name: "cold", revisions },
        { name: "broken", revisions: [broken] },
      ],
    });
    expect(await send(server.port, "/v2/models/cold/ready")).toMatchObject({ status: 200, json: { name: "cold", ready: true } });
    expect(await send(server.port, "/v2/models/cold/versions/1/ready")).toMatchObject({ status: 200 });
    expect(await send(server.port, "/v2/models/broken/ready")).toMatchObject({ status: 503, json: { ready: false } });
  });

  it("find a model of another namespace by path or by header, not without", async () => {
    const server = await startPair();
    const headers = { "modelyard-namespace": "team" };
    expect((await send(server.port, "/ns/team/v2/models/other")).status).toBe(200);
    expect((await send(server.port, "/v2/models/other", { headers })).status).toBe(200);
    expect((await send(server.port, "/ns/team/v2/models/other", { headers })).status).toBe(200);
    const absent = await send(server.port, "/v2/models/other");
    expect([absent.status, errorOf(absent)]).toEqual([404, 'The model "other" was not found in the namespace "default"']);
    expect((await send(server.port, "/ns/default/v2/models/pair", { headers })).status).toBe(400);
  });

  it("answer HEAD without a body", async () => {
    const server = await startPair();
    const answer = await send(server.port, "/v2/health/live", { method: "HEAD" });
    expect([answer.status, answer.bytes.length]).toEqual([200, 0]);
  });
});
