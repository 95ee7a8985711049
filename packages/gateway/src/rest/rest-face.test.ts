import { Agent } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { failure } from "@modelyard/core";
import { fakeClock } from "@modelyard/core/testing";
import { afterEach, describe, expect, it } from "vitest";
import {
  pairSignature,
  type RestAnswer,
  type RestRequest,
  send,
  signatureOf,
  startTestServer,
  type TestServer,
  testModel,
} from "../testing/index.ts";
import type { TestServerOptions } from "../testing/test-server.ts";

const servers: TestServer[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start(options: TestServerOptions): Promise<TestServer> {
  const server = await startTestServer(options);
  servers.push(server);
  return server;
}

/** `pair` with revisions 2 (active) and 1, and the odd model name "a b/ü" whose object is `derived`. */
async function startPair(options: Partial<TestServerOptions> = {}): Promise<TestServer> {
  const revisions = [
    { revision: 2, model: await testModel("default/pair__isvc-2") },
    { revision: 1, model: await testModel("default/pair__isvc-1") },
  ] as const;
  const other = { revision: 7, model: await testModel("team/other__isvc-7") };
  return start({
    services: [
      { name: "pair", revisions },
      { name: "derived", modelName: "a b/ü", revisions: [{ revision: 1, model: await testModel("default/derived__isvc-1") }] },
      { namespace: "team", name: "other", revisions: [other] },
    ],
    ...options,
  });
}

const x = { name: "x", datatype: "FP32", shape: [1, 2], data: [1.5, -2] };

function infer(server: TestServer, body: RestRequest["body"], extras: RestRequest = {}): Promise<RestAnswer> {
  return send(server.port, "/v2/models/pair/infer", { ...extras, ...(body === undefined ? {} : { body }), method: "POST" });
}

function errorOf(answer: RestAnswer): string {
  const { json } = answer;
  return typeof json === "object" && json !== null && "error" in json ? String(json.error) : `no error: ${answer.bytes.toString()}`;
}

function countsOf(server: TestServer): readonly string[] {
  return server.metrics
    .snapshot()
    .filter(({ name, value }) => name === "modelyard_requests_total" && value > 0)
    .map(({ labels, value }) => `${labels["protocol"]} ${labels["method"]} ${labels["code"]} ${value}`);
}

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

describe("refusals over REST", () => {
  it("have the error's text where clients look, and code, reason, hint beside it, as plain application/json", async () => {
    const server = await startPair();
    const answer = await send(server.port, "/v2/models/absent/infer", { body: { inputs: [x] } });
    expect(answer.status).toBe(404);
    expect(answer.headers["content-type"]).toBe("application/json");
    expect(answer.json).toMatchObject({
      error: 'The model "absent" was not found in the namespace "default"',
      code: "NOT_FOUND",
      reason: "MODEL_NOT_FOUND",
      retryable: false,
    });
  });

  it("name the versions that are served when another one is asked for", async () => {
    const server = await startPair();
    const answer = await send(server.port, "/v2/models/pair/versions/9/infer", { body: { inputs: [x] } });
    expect([answer.status, errorOf(answer)]).toEqual([404, 'The version "9" of the model "pair" is not served: served are 2, 1']);
  });

  it("say to try again while nothing is known yet", async () => {
    const server = await startPair();
    server.mesh.isReady = false;
    const answer = await send(server.port, "/v2/models/absent");
    expect(answer.status).toBe(503);
    expect(answer.headers["retry-after"]).toBe("1");
  });

  it.each<[string, number]>([
    ["/v1", 404],
    ["/v2/health", 404],
    ["/v2/health/dead", 404],
    ["/v2/models/pair/versions", 404],
    ["/v2/models/pair/dance", 404],
    ["/v2/models/pair/infer/more", 404],
    ["/ns/team", 404],
    ["/v2/models/%zz", 400],
  ])("answer %s with %d in JSON", async (path, status) => {
    const server = await startPair();
    const answer = await send(server.port, path);
    expect([answer.status, errorOf(answer).length > 0, answer.headers["content-type"]]).toEqual([status, true, "application/json"]);
  });

  it("name the methods that are allowed", async () => {
    const server = await startPair();
    const wrongGet = await send(server.port, "/v2/models/pair/infer");
    expect([wrongGet.status, wrongGet.headers.allow]).toEqual([405, "POST"]);
    const wrongPost = await send(server.port, "/v2/health/live", { method: "POST" });
    expect([wrongPost.status, wrongPost.headers.allow]).toEqual([405, "GET, HEAD"]);
    expect((await send(server.port, "/v2/models/pair", { method: "DELETE" })).status).toBe(405);
  });

  it("refuse bodies that are certainly something else, encodings, and clients that accept neither JSON nor bytes", async () => {
    const server = await startPair();
    const body = { inputs: [x] };
    expect((await infer(server, body, { headers: { "content-type": "multipart/form-data; boundary=x" } })).status).toBe(415);
    expect((await infer(server, body, { headers: { "content-encoding": "br" } })).status).toBe(415);
    expect((await infer(server, body, { headers: { accept: "image/png" } })).status).toBe(406);
    for (const type of ["application/json; charset=utf-8", "application/x-www-form-urlencoded", "text/plain", "application/octet-stream"]) {
      expect((await infer(server, body, { headers: { "content-type": type, accept: "text/html, */*;q=0.1" } })).status).toBe(200);
    }
  });

  it("refuse a body over the limit with 413", async () => {
    const server = await startPair({ limits: { maxBodyBytes: 100 } });
    const answer = await infer(server, Buffer.alloc(101, 0x20));
    expect([answer.status, errorOf(answer)]).toEqual([
      413,
      "The request body is too large: it is 101 bytes where at most 100 bytes is allowed",
    ]);
  });

  it("refuse requests that a web page of another origin could have sent", async () => {
    const server = await startPair();
    const statusWith = async (headers: Readonly<Record<string, string>>): Promise<number> =>
      (await send(server.port, "/v2/health/live", { headers })).status;
    expect(await statusWith({ host: "rebound.example" })).toBe(403);
    expect(await statusWith({ host: `localhost:${server.port}` })).toBe(200);
    expect(await statusWith({ origin: "https://page.example" })).toBe(403);
    expect(await statusWith({ origin: "null" })).toBe(403);
    expect(await statusWith({ origin: "http://localhost:3000" })).toBe(200);
  });

  it("answer any host when the listener says so, or one that was named", async () => {
    const open = await startPair({ allowedHosts: "any" });
    expect((await send(open.port, "/v2/health/live", { headers: { host: "models.example", origin: "https://x.example" } })).status).toBe(
      200,
    );
    const named = await startPair({ allowedHosts: ["models.example"] });
    expect((await send(named.port, "/v2/health/live", { headers: { host: "Models.example:8033" } })).status).toBe(200);
  });
});

describe("inference over REST", () => {
  it("answers JSON with JSON", async () => {
    const server = await startPair();
    const answer = await infer(server, { id: "r-1", inputs: [x] });
    expect(answer).toMatchObject({
      status: 200,
      json: {
        model_name: "pair",
        model_version: "2",
        id: "r-1",
        outputs: [{ name: "y", datatype: "FP32", shape: [1, 2], data: [1.5, -2] }],
      },
    });
    expect(answer.bytes.toString()).not.toContain("isvc");
    expect(server.mesh.holds).toBe(0);
  });

  it("answers by version and by the name that was asked for", async () => {
    const server = await startPair();
    const body = { inputs: [x] };
    expect((await send(server.port, "/v2/models/pair/versions/1/infer", { body })).json).toMatchObject({ model_version: "1" });
    expect((await send(server.port, "/v2/models/a%20b%2F%C3%BC/infer", { body })).json).toMatchObject({ model_name: "a b/ü" });
    expect((await send(server.port, "/ns/team/v2/models/other/infer", { body })).json).toMatchObject({ model_version: "7" });
  });

  it("answers binary with binary when asked for, as a whole and by output", async () => {
    const server = await startPair();
    const json = Buffer.from(
      JSON.stringify({
        inputs: [{ name: "x", datatype: "FP32", shape: [1, 2], parameters: { binary_data_size: 8 } }],
        parameters: { binary_data_output: true },
      }),
    );
    const tensor = Buffer.from(Float32Array.of(1.5, -2).buffer);
    const headers = { "Inference-Header-Content-Length": String(json.length), "content-type": "application/octet-stream" };
    const answer = await infer(server, Buffer.concat([json, tensor]), { headers });
    const jsonLength = Number(answer.headers["inference-header-content-length"]);
    expect([answer.status, answer.headers["content-type"]]).toEqual([200, "application/octet-stream"]);
    expect(JSON.parse(answer.bytes.toString("utf8", 0, jsonLength))).toMatchObject({ outputs: [{ parameters: { binary_data_size: 8 } }] });
    expect(answer.bytes.subarray(jsonLength)).toEqual(tensor);
    const mixed = await infer(server, { inputs: [x], outputs: [{ name: "y", parameters: { binary_data: true } }] });
    expect(mixed.bytes.subarray(Number(mixed.headers["inference-header-content-length"]))).toEqual(tensor);
  });

  it("takes a body that is one raw input when the header length is 0, and answers it with binary", async () => {
    const server = await startPair();
    const tensor = Buffer.from(Float32Array.of(1, 2, 3, 4).buffer);
    const answer = await infer(server, tensor, { headers: { "Inference-Header-Content-Length": "0" } });
    const jsonLength = Number(answer.headers["inference-header-content-length"]);
    expect(JSON.parse(answer.bytes.toString("utf8", 0, jsonLength))).toMatchObject({ outputs: [{ shape: [2, 2] }] });
    expect(answer.bytes.subarray(jsonLength)).toEqual(tensor);
    const odd = await infer(server, tensor.subarray(0, 12), { headers: { "Inference-Header-Content-Length": "0" } });
    expect([odd.status, errorOf(odd)]).toEqual([400, expect.stringContaining("shape [1,2]: expected 8 bytes, got 12")]);
  });

  it.each([
    ["INT64", "9007199254740993"],
    ["UINT64", "18446744073709551615"],
    ["FP16", "0.5"],
    ["BF16", "-2"],
    ["BOOL", "true"],
    ["BYTES", '"é\\u0000"'],
    ["INT8", "-128"],
  ] as const)("carries %s there and back exactly", async (datatype, literal) => {
    const model = await testModel("default/pair__isvc-1", { signature: signatureOf(datatype) });
    const server = await start({ services: [{ name: "pair", revisions: [{ revision: 1, model }] }] });
    const answer = await infer(server, `{"inputs":[{"name":"x","datatype":"${datatype}","shape":[1],"data":[${literal}]}]}`);
    expect(answer.bytes.toString()).toContain(`"datatype":"${datatype}","shape":[1],"data":[${literal}]`);
  });

  it.each<[string, object, string]>([
    ["an unknown input", { inputs: [{ ...x, name: "X" }] }, 'The model "pair" has no input "X": its inputs are "x" FP32 [-1,2]'],
    ["no input", { inputs: [] }, 'The input "x" of the model "pair" is missing: expected "x" FP32 [-1,2], got no inputs'],
    ["an input twice", { inputs: [x, x] }, 'the input "x" is given more than once'],
    [
      "a wrong datatype",
      { inputs: [{ ...x, datatype: "INT32" }] },
      "The input \"x\" has the datatype 'INT32', but the model expects 'FP32'",
    ],
    [
      "a wrong dimension",
      { inputs: [{ ...x, shape: [1, 3] }] },
      'The request has an unexpected shape for input "x" of the model "pair": expected [-1,2], got [1,3]',
    ],
    ["a wrong rank", { inputs: [{ ...x, shape: [2] }] }, "unexpected shape for input"],
    ["too few elements", { inputs: [{ ...x, shape: [2, 2] }] }, "shape [2,2]: expected 4 elements, got 2"],
    ["an unknown output", { inputs: [x], outputs: [{ name: "z" }] }, 'The model "pair" has no output "z": its outputs are "y" FP32 [-1,2]'],
    ["an output twice", { inputs: [x], outputs: [{ name: "y" }, { name: "y" }] }, "an output is asked for more than once"],
    ["text for numbers", { inputs: [{ ...x, data: ["a", 1] }] }, 'Element 0 of the tensor "x" is not valid'],
  ])("refuses %s", async (_what, body, message) => {
    const server = await startPair();
    const answer = await infer(server, body);
    expect([answer.status, errorOf(answer)]).toEqual([400, expect.stringContaining(message)]);
    expect(server.mesh.holds).toBe(0);
  });

  it.each<[string, object]>([
    ["shared memory", { inputs: [{ ...x, parameters: { shared_memory_region: "r" } }] }],
    ["a sequence", { inputs: [x], parameters: { sequence_id: 3 } }],
  ])("refuses %s with 501 instead of ignoring it", async (_what, body) => {
    const server = await startPair();
    expect((await infer(server, body)).status).toBe(501);
  });

  it("ignores parameters it does not know, and those that say a feature is not used", async () => {
    const server = await startPair();
    const parameters = { priority: 1, headers: { a: "b" }, sequence_id: 0 };
    expect((await infer(server, { inputs: [{ ...x, parameters: { any: 1 } }], parameters, extra: [] })).status).toBe(200);
  });

  it("refuses bodies that are not JSON with what the parser says", async () => {
    const server = await startPair();
    expect(errorOf(await infer(server, "{"))).toContain("its JSON could not be read");
    expect(errorOf(await infer(server, ""))).toContain("the body is empty");
    expect(errorOf(await infer(server, { inputs: [x] }, { headers: { "Inference-Header-Content-Length": "-1" } }))).toContain(
      "must be a whole number",
    );
  });

  it("answers a failure of ours with 500, without its text, and logs it once", async () => {
    const model = await testModel("default/pair__isvc-1", {
      compute: () => {
        throw new Error("secret detail");
      },
    });
    const server = await start({ services: [{ name: "pair", revisions: [{ revision: 1, model }] }] });
    const answer = await infer(server, { inputs: [x] });
    expect(answer.status).toBe(500);
    expect(answer.bytes.toString()).not.toContain("secret");
    expect(server.log.filter((record) => JSON.stringify(record).includes("secret detail"))).toHaveLength(1);
    expect(server.mesh.holds).toBe(0);
  });
});

describe("waiting over REST", () => {
  async function startCold(options: Partial<TestServerOptions> = {}, behaviour: Parameters<typeof testModel>[1] = {}): Promise<TestServer> {
    const model = await testModel("default/pair__isvc-1", behaviour);
    return start({ services: [{ name: "pair", revisions: [{ revision: 1, model, load: "manual" }] }], ...options });
  }

  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((resolve) => setImmediate(resolve));
  }

  it("loads a model by the first request; all who wait get their own answers", async () => {
    const server = await startCold();
    const tensors = [1, 2, 3].map((value) => Buffer.from(Float32Array.of(value, -value).buffer));
    const headers = { "Inference-Header-Content-Length": "0" };
    const answers = tensors.map((tensor) => infer(server, tensor, { headers }));
    await until(() => server.mesh.waiting === 3);
    server.mesh.finishLoad("default/pair__isvc-1");
    const bodies = (await Promise.all(answers)).map(({ bytes }) => bytes.subarray(-8));
    expect(bodies).toEqual(tensors);
    expect(server.mesh.holds).toBe(0);
  });

  it("passes on why a load failed", async () => {
    const server = await startCold();
    const waiting = infer(server, { inputs: [x] });
    await until(() => server.mesh.waiting === 1);
    server.mesh.failLoad("default/pair__isvc-1", failure("MODEL_LOAD_FAILED", { why: "it is cut off" }));
    const answer = await waiting;
    expect([answer.status, errorOf(answer)]).toEqual([400, "The model could not be loaded: it is cut off"]);
  });

  it("gives up at the limit on time with 504, and the load goes on", async () => {
    const clock = fakeClock();
    const server = await startCold({ clock, limits: { requestTimeoutMs: 5000 } });
    const waiting = infer(server, { inputs: [x] });
    await until(() => server.mesh.waiting === 1);
    await clock.advance(5000);
    const answer = await waiting;
    expect([answer.status, errorOf(answer)]).toEqual([504, "The request did not finish within 5000 ms"]);
    expect(clock.pending).toBe(0);
    expect(server.mesh.waiting).toBe(0);
    expect(server.mesh.state("default/pair__isvc-1")).toBe("Loading");
  });

  it("stops waiting when the client's connection is lost", async () => {
    const server = await startCold();
    const socket = connect(server.port, "127.0.0.1");
    const body = JSON.stringify({ inputs: [x] });
    socket.write(`POST /v2/models/pair/infer HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    await until(() => server.mesh.waiting === 1);
    socket.resetAndDestroy();
    await until(() => server.mesh.waiting === 0);
    expect(server.mesh.holds).toBe(0);
  });

  it("counts those whose client left as cancelled, once", async () => {
    const server = await startCold();
    const socket = connect(server.port, "127.0.0.1");
    const body = JSON.stringify({ inputs: [x] });
    socket.end(`POST /v2/models/pair/infer HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    await expect.poll(() => countsOf(server)).toEqual(["rest infer CANCELLED 1"]);
    expect(server.mesh.waiting).toBe(0);
  });

  it("counts those that wait for a model's metadata, too", async () => {
    const server = await startCold({ limits: { maxWaiting: 1 } });
    const first = send(server.port, "/v2/models/pair");
    await until(() => server.mesh.waiting === 1);
    expect((await send(server.port, "/v2/models/pair")).status).toBe(429);
    server.mesh.finishLoad("default/pair__isvc-1");
    expect((await first).status).toBe(200);
    expect(server.mesh.holds).toBe(0);
  });

  it("refuses with 429 and Retry-After when too many wait, or too much memory does", async () => {
    const many = await startCold({ limits: { maxWaiting: 1 } });
    const first = infer(many, { inputs: [x] });
    await until(() => many.mesh.waiting === 1);
    const refused = await infer(many, { inputs: [x] });
    expect([refused.status, refused.headers["retry-after"], errorOf(refused)]).toEqual([
      429,
      "1",
      "The number of waiting requests exceeds its limit: 2 where at most 1 is allowed",
    ]);
    many.mesh.finishLoad("default/pair__isvc-1");
    expect((await first).status).toBe(200);
    const small = await startCold({ limits: { maxWaitingBytes: 10 } });
    expect((await infer(small, { inputs: [x] })).status).toBe(429);
    await until(() => small.mesh.waiting === 0);
  });

  it("runs no more at once than the model takes, in order, and refuses beyond the queue", async () => {
    const running: (() => void)[] = [];
    let peak = 0;
    const base = await testModel("default/pair__isvc-1");
    const model: typeof base = {
      ...base,
      modelId: base.modelId,
      signature: base.signature,
      placement: "worker",
      maxConcurrency: 1,
      infer: async (request) => {
        await new Promise<void>((resolve) => (peak = Math.max(peak, running.push(resolve))));
        return base.infer(request);
      },
      unload: () => base.unload(),
    };
    const server = await start({ services: [{ name: "pair", revisions: [{ revision: 1, model }] }], limits: { maxQueuedPerModel: 1 } });
    const first = infer(server, { inputs: [x] });
    await until(() => running.length === 1);
    const second = infer(server, { inputs: [x] });
    await until(() => server.mesh.holds === 2);
    const third = await infer(server, { inputs: [x] });
    expect([third.status, errorOf(third)]).toEqual([429, "The queue of the model exceeds its limit: 1 where at most 1 is allowed"]);
    running.shift()?.();
    expect((await first).status).toBe(200);
    await until(() => running.length === 1);
    running.shift()?.();
    expect((await second).status).toBe(200);
    expect(peak).toBe(1);
    expect(server.mesh.holds).toBe(0);
  });

  it("sees a new active revision with the next request of the same connection", async () => {
    const server = await startPair();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const body = { inputs: [x] };
    expect((await infer(server, body, { agent })).json).toMatchObject({ model_version: "2" });
    expect((await infer(server, body, { agent })).json).toMatchObject({ model_version: "2" });
    const model = await testModel("default/pair__isvc-3");
    server.mesh.setServices([{ name: "pair", revisions: [{ revision: 3, model }] }]);
    expect((await infer(server, body, { agent })).json).toMatchObject({ model_version: "3" });
    server.mesh.setServices([]);
    expect((await infer(server, body, { agent })).status).toBe(404);
    agent.destroy();
  });

  it("answers over HTTP/2, many at once on one connection", async () => {
    const server = await startPair();
    const session = connectHttp2(`http://localhost:${server.port}`);
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const stream = session.request({ ":method": "POST", ":path": "/v2/models/pair/infer", "content-type": "application/json" });
        stream.end(JSON.stringify({ inputs: [{ ...x, data: [index, -index] }] }));
        return (await stream.toArray()).join("");
      }),
    );
    session.close();
    expect(answers.map((text) => (JSON.parse(text) as { outputs: { data: number[] }[] }).outputs[0]?.data[0])).toEqual(
      Array.from({ length: 20 }, (_, index) => index),
    );
  });

  it("counts requests by protocol, method and outcome", async () => {
    const server = await startPair();
    await infer(server, { inputs: [x] });
    await infer(server, { inputs: [] });
    await send(server.port, "/v2/nowhere");
    expect(countsOf(server)).toEqual(["rest infer OK 1", "rest infer INVALID_ARGUMENT 1", "rest unknown NOT_FOUND 1"]);
  });
});
