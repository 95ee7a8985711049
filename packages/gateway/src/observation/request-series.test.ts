import { afterEach, describe, expect, it } from "vitest";
import { send, startTestServer, type TestServer, testModel } from "../testing/index.ts";

const open: TestServer[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

describe("the series of requests", () => {
  it("have times and sizes by protocol and method, and under the names of ModelMesh by gRPC method and code", async () => {
    const model = await testModel("default/pair__isvc-3");
    const server = await startTestServer({ services: [{ name: "pair", revisions: [{ revision: 3, model }] }] });
    open.push(server);
    const body = JSON.stringify({ inputs: [{ name: "x", datatype: "FP32", shape: [1, 2], data: [1, 2] }] });
    const answer = await send(server.port, "/v2/models/pair/infer", { body });
    await send(server.port, "/v2/models/nobody/infer", { body });
    const ofInfer = { protocol: "rest", method: "infer" };
    const ok = { method: "inference.GRPCInferenceService/ModelInfer", code: "OK" };
    const samples = server.metrics.snapshot();
    const sample = (name: string, labels: object): object | undefined =>
      samples.find((one) => one.name === name && JSON.stringify(one.labels) === JSON.stringify(labels));
    expect(sample("modelyard_request_duration_seconds", ofInfer)).toMatchObject({ kind: "histogram", count: 2 });
    expect(sample("modelyard_request_bytes_total", ofInfer)).toMatchObject({ kind: "counter" });
    expect(sample("modelmesh_api_request_milliseconds", ok)).toMatchObject({ kind: "histogram", count: 1 });
    expect(sample("modelmesh_api_request_milliseconds", { ...ok, code: "NOT_FOUND" })).toMatchObject({ count: 1 });
    expect(sample("modelmesh_request_size_bytes", ok)).toMatchObject({ count: 1, value: body.length });
    expect(sample("modelmesh_response_size_bytes", ok)).toMatchObject({ count: 1, value: answer.bytes.length });
  });
});
