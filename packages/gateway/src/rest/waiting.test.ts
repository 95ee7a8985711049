import { Agent } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { failure } from "@modelyard/core";
import { fakeClock } from "@modelyard/core/testing";
import { describe, expect, it } from "vitest";
import { countsOf, errorOf, inferPair as infer, restServers, send, type TestServer, testModel, pairInput as x } from "../testing/index.ts";
import type { TestServerOptions } from "../testing/test-server.ts";

const { start, startPair } = restServers();

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
