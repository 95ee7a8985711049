import { connect as http2 } from "node:http2";
import { connect } from "node:net";
import { fakeClock } from "@modelyard/core/testing";
import { afterEach, describe, expect, it } from "vitest";
import {
  grpcClient,
  send,
  startTestServer,
  type TestGrpcClient,
  type TestServer,
  type TestServerOptions,
  testModel,
} from "../testing/index.ts";

interface Started {
  readonly server: TestServer;
  readonly client: TestGrpcClient;
}

const open: Started[] = [];

afterEach(async () => {
  for (const { server, client } of open.splice(0)) {
    client.close();
    await server.close();
  }
});

/** A server whose one model is loaded when the test says so. */
async function start(options: Partial<TestServerOptions>): Promise<Started> {
  const model = await testModel("default/pair__isvc-3");
  const server = await startTestServer({ services: [{ name: "pair", revisions: [{ revision: 3, model, load: "manual" }] }], ...options });
  const started = { server, client: grpcClient(server.port) };
  open.push(started);
  return started;
}

const body = { inputs: [{ name: "x", datatype: "FP32", shape: [1, 2], data: [1, 2] }] };
const message = { model_name: "pair", inputs: [{ name: "x", datatype: "FP32", shape: [1, 2], contents: { fp32_contents: [1, 2] } }] };
const infer = "/v2/models/pair/infer";

interface RefusedCall {
  readonly code: number;
  readonly metadata: { get(name: string): readonly unknown[] };
}

async function refusedCall(call: Promise<unknown>): Promise<RefusedCall> {
  try {
    await call;
    return { code: 0, metadata: { get: () => [] } };
  } catch (error) {
    // grpc-js rejects with a ServiceError.
    return error as RefusedCall;
  }
}

describe("a request beyond the limit on", () => {
  it("requests in flight is refused with 429 and when to come back; health is answered", async () => {
    const { server, client } = await start({ limits: { maxInFlight: 1 } });
    const waiting = send(server.port, infer, { body });
    await expect.poll(() => server.mesh.waiting).toBe(1);
    const answer = await send(server.port, "/v2/models/pair");
    expect(answer).toMatchObject({ status: 429, json: { reason: "LIMIT_EXCEEDED", retryable: true } });
    expect(answer.headers["retry-after"]).toBe("1");
    const call = await refusedCall(client.call("ModelInfer", message));
    expect(call.code).toBe(8);
    expect(call.metadata.get("grpc-retry-pushback-ms")).toEqual(["1000"]);
    expect((await send(server.port, "/v2/health/ready")).status).toBe(200);
    expect(await client.call("ServerLive", {})).toEqual({ live: true });
    server.mesh.finishLoad("default/pair__isvc-3");
    expect((await waiting).status).toBe(200);
    expect((await send(server.port, "/v2/models/pair")).status).toBe(200);
    expect(server.metrics.snapshot().find(({ name }) => name === "modelyard_requests_in_flight")).toMatchObject({ value: 0 });
  });

  it("the memory of bodies being received is refused with 503, and what was received is given back", async () => {
    const { server } = await start({ wireLimits: { maxBufferedBytes: 1_000 } });
    const socket = connect(server.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write(`POST ${infer} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5000\r\n\r\n${"x".repeat(900)}`);
    await expect.poll(() => server.bufferedBytes()).toBe(900);
    const refused = async (): Promise<unknown> => (await send(server.port, infer, { body: "y".repeat(200) })).json;
    expect(await refused()).toMatchObject({ reason: "BUFFERS_FULL", retryable: true });
    socket.destroy();
    await expect.poll(() => server.bufferedBytes()).toBe(0);
    expect(await refused()).toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it("its time gives back what came of its body", async () => {
    const clock = fakeClock();
    const { server } = await start({ clock });
    const session = http2(`http://127.0.0.1:${server.port}`);
    const headers = { "content-type": "application/grpc", "grpc-timeout": "1S" };
    const stream = session.request({ ":method": "POST", ":path": "/inference.GRPCInferenceService/ModelStreamInfer", ...headers });
    const status = new Promise((resolve) => stream.on("response", (head) => resolve(head["grpc-status"])));
    stream.write(Buffer.concat([Buffer.from([0, 0, 0, 4, 0]), Buffer.alloc(900)]));
    await expect.poll(() => server.bufferedBytes()).toBe(900);
    await clock.advance(1_000);
    expect(await status).toBe("4");
    expect(server.bufferedBytes()).toBe(0);
    session.destroy();
  });

  it("the body is refused with 413, not to be repeated", async () => {
    const { server, client } = await start({ limits: { maxBodyBytes: 50 } });
    const answer = await send(server.port, infer, { body: "x".repeat(51) });
    expect(answer).toMatchObject({ status: 413, json: { reason: "BODY_TOO_LARGE", retryable: false } });
    expect(answer.headers["retry-after"]).toBeUndefined();
    expect((await refusedCall(client.call("ModelInfer", { ...message, id: "i".repeat(60) }))).code).toBe(8);
  });

  it("requests that wait is refused with 429 on both faces", async () => {
    const { server, client } = await start({ limits: { maxWaiting: 1 } });
    const waiting = send(server.port, infer, { body });
    await expect.poll(() => server.mesh.waiting).toBe(1);
    const answer = await send(server.port, infer, { body });
    expect(answer).toMatchObject({ status: 429, json: { reason: "LIMIT_EXCEEDED" } });
    expect(answer.headers["retry-after"]).toBe("1");
    const call = await refusedCall(client.call("ModelInfer", message));
    expect(call.code).toBe(8);
    expect(call.metadata.get("grpc-retry-pushback-ms")).toEqual(["1000"]);
    expect(server.metrics.snapshot().find(({ name }) => name === "modelyard_requests_waiting")).toMatchObject({ value: 1 });
    server.mesh.finishLoad("default/pair__isvc-3");
    await waiting;
  });

  it("bytes that wait is refused with 429 on both faces", async () => {
    const { server, client } = await start({ limits: { maxWaitingBytes: 10 } });
    expect(await send(server.port, infer, { body })).toMatchObject({ status: 429, json: { reason: "LIMIT_EXCEEDED" } });
    expect((await refusedCall(client.call("ModelInfer", message))).code).toBe(8);
  });

  it("time is refused with 504 on both faces", async () => {
    const clock = fakeClock();
    const { server, client } = await start({ clock, limits: { requestTimeoutMs: 500 } });
    const overRest = send(server.port, infer, { body });
    const overGrpc = refusedCall(client.call("ModelInfer", message));
    await expect.poll(() => server.mesh.waiting).toBe(2);
    await clock.advance(500);
    expect(await overRest).toMatchObject({ status: 504, json: { reason: "DEADLINE_EXCEEDED" } });
    expect((await overGrpc).code).toBe(4);
  });
});
