import { afterEach, describe, expect, it } from "vitest";
import { countsOf, grpcServers, refusalOf, send, startTestServer, type TestServer, testModel } from "../testing/index.ts";

const { start } = grpcServers();

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
    expect(sample("modelmesh_invoke_model_milliseconds", ok)).toMatchObject({ kind: "histogram", count: 1 });
    expect(sample("modelmesh_request_size_bytes", ok)).toMatchObject({ count: 1, value: body.length });
    expect(sample("modelmesh_response_size_bytes", ok)).toMatchObject({ count: 1, value: answer.bytes.length });
  });
  it("name health and reflection apart from calls that nobody knows", async () => {
    const { server, client } = await start({ services: [] });
    await client.call("grpc.health.v1.Health/Check", {});
    await refusalOf(client.call("grpc.health.v1.Health/Check", { service: "absent" }));
    const reflection = client.open("grpc.reflection.v1.ServerReflection/ServerReflectionInfo");
    reflection.end({ list_services: "" });
    await new Promise((resolve) => reflection.on("data", () => {}).on("end", resolve));
    await refusalOf(client.call("Nothing", {}));
    const durations = server.metrics
      .snapshot()
      .filter(({ name }) => name === "modelyard_request_duration_seconds")
      .map((sample) => [sample.labels["method"], "count" in sample ? sample.count : 0]);
    expect(durations).toEqual([
      ["health", 2],
      ["reflection", 1],
      ["unknown", 1],
    ]);
    expect(countsOf(server).toSorted()).toEqual([
      "grpc health NOT_FOUND 1",
      "grpc health OK 1",
      "grpc reflection OK 1",
      "grpc unknown UNIMPLEMENTED 1",
    ]);
  });
});
