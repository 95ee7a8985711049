import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { grpcClient } from "./grpc-client.ts";
import { send } from "./rest-client.ts";
import { startTestServer, type TestServer, testModel } from "./test-server.ts";
import { type PreparedRequest, prepareRequest, runWrongRequests } from "./wrong-request-runner.ts";
import { wrongRequestMaxBodyBytes, wrongRequestModels, wrongRequests } from "./wrong-requests.ts";

const classes = wrongRequests().map(({ name, cases }) => ({ name, requests: cases.map(prepareRequest) }));
const all: readonly PreparedRequest[] = classes.flatMap(({ requests }) => requests);
let server: TestServer;

beforeAll(async () => {
  const services = wrongRequestModels.map(async ({ name, datatype, shape }) => {
    const inputs = [{ name: "x", datatype, shape }];
    const signature = { platform: "onnx_onnxruntime", inputs, outputs: [{ name: "y", datatype, shape }] };
    return { name, revisions: [{ revision: 1, model: await testModel(`default/${name}__isvc-1`, { signature }) }] } as const;
  });
  server = await startTestServer({ services: await Promise.all(services), limits: { maxBodyBytes: wrongRequestMaxBodyBytes } });
});
afterAll(() => server.close());

describe.each(classes)("wrong requests: $name", ({ requests }) => {
  test("each has the outcome that is recorded, and a good request is answered after them", async () => {
    const results = await runWrongRequests({ host: "127.0.0.1", port: server.port }, requests);
    expect(results.filter(({ isAsExpected }) => !isAsExpected)).toEqual([]);
    const answer = await send(server.port, "/v2/models/pair/infer", {
      body: { inputs: [{ name: "x", datatype: "FP32", shape: [1, 2], data: [1.5, -2] }] },
    });
    expect(answer).toMatchObject({ status: 200, json: { outputs: [{ name: "y", data: [1.5, -2] }] } });
  });

  test("there are at least 20", () => {
    expect(requests.length).toBeGreaterThanOrEqual(20);
  });
});

test("gRPC is answered after all of them", async () => {
  const client = grpcClient(server.port);
  expect(await client.call("ModelReady", { name: "pair" })).toEqual({ ready: true });
  client.close();
});

test("after all of them nothing is in flight, and nothing was logged as a failure of the server", () => {
  const left = server.metrics.snapshot().filter(({ name, value }) => /_(?:in_flight|waiting)$/.test(name) && value !== 0);
  expect(left).toEqual([]);
  expect(server.log.filter(({ level }) => level !== "debug")).toEqual([]);
});

test("there are 300 and more in 14 classes, no two with the same name or the same bytes", () => {
  const hashes = all.map(({ bytes }) => createHash("sha256").update(Buffer.concat(bytes.parts)).digest("hex"));
  const same = all.filter((_, index) => hashes.indexOf(hashes[index] ?? "") !== index);
  expect(same.map(({ one }) => one.id)).toEqual([]);
  expect(new Set(all.map(({ one }) => one.id)).size).toBe(all.length);
  expect(classes).toHaveLength(14);
  expect(all.length).toBeGreaterThanOrEqual(300);
});

test("each says what is wrong with it, and none expects that the server failed or was silent", () => {
  const wrong = all.filter(
    ({ one }) => one.why === "" || one.expected.some((entry) => /^(?:500|waits|INTERNAL INTERNAL|UNKNOWN)|without a reason/.test(entry)),
  );
  expect(wrong.map(({ one }) => one.id)).toEqual([]);
});
