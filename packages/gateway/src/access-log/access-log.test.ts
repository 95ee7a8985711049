import { Metadata } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { grpcClient, send, startTestServer, type TestServer, type TestServerOptions, testModel } from "../testing/index.ts";

type Line = Readonly<Record<string, unknown>>;

const open: TestServer[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function start(
  options: Partial<TestServerOptions> = {},
): Promise<{ readonly server: TestServer; readonly lines: () => Promise<readonly Line[]> }> {
  let written = "";
  const server = await startTestServer({
    services: [{ name: "pair", revisions: [{ revision: 3, model: await testModel("default/pair__isvc-3") }] }],
    writeAccessLog: (lines) => (written += lines),
    ...options,
  });
  open.push(server);
  return {
    server,
    /** Once the server has closed. */
    async lines() {
      await server.close();
      return written
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as Line);
    },
  };
}

const inputs = [{ name: "x", datatype: "FP32", shape: [1, 2], data: [1, 2] }];
const typed = { model_name: "pair", inputs: [{ name: "x", datatype: "FP32", shape: [1, 2], contents: { fp32_contents: [1, 2] } }] };

describe("the access log", () => {
  it("has one line for each request, with everything that is known of it", async () => {
    const { server, lines } = await start({ accessLog: "all" });
    const headers = {
      "x-request-id": "r-1",
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      "user-agent": "test/1",
    };
    const body = JSON.stringify({ inputs });
    const answer = await send(server.port, "/v2/models/pair/infer?secret=1", { headers, body });
    const [line, ...others] = await lines();
    expect(others).toEqual([]);
    expect(line).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      remote: "127.0.0.1",
      protocol: "http/1.1",
      face: "rest",
      method: "POST",
      path: "/v2/models/pair/infer",
      namespace: "default",
      model: "pair",
      version: "3",
      status: 200,
      code: "OK",
      durationMs: expect.any(Number),
      bytesIn: body.length,
      bytesOut: answer.bytes.length,
      requestId: "r-1",
      traceId: "0af7651916cd43dd8448eb211c80319c",
      spanId: "b7ad6b7169203331",
      userAgent: "test/1",
    });
  });

  it("says the same of a call over gRPC", async () => {
    const { server, lines } = await start({ accessLog: "all" });
    const client = grpcClient(server.port);
    await client.call("ModelInfer", typed);
    await client.call("ModelInfer", { ...typed, model_name: "nobody" }).catch(() => {});
    client.close();
    const call = { protocol: "h2", face: "grpc", method: "POST", path: "/inference.GRPCInferenceService/ModelInfer", status: 200 };
    expect(await lines()).toMatchObject([
      { ...call, namespace: "default", model: "pair", version: "3", code: "OK" },
      { ...call, namespace: "default", model: "nobody", code: "NOT_FOUND", reason: "MODEL_NOT_FOUND" },
    ]);
  });

  it("has only what failed when it is for errors, and nothing when it is off", async () => {
    for (const [accessLog, expected] of [
      ["errors", ["MODEL_NOT_FOUND"]],
      ["off", []],
    ] as const) {
      const { server, lines } = await start({ accessLog });
      await send(server.port, "/v2/models/pair/infer", { body: { inputs } });
      await send(server.port, "/v2/models/nobody");
      expect((await lines()).map((line) => line["reason"])).toEqual(expected);
    }
  });

  it("cuts what a client could make long", async () => {
    const { server, lines } = await start({ accessLog: "all" });
    await send(server.port, `/v2/models/${"n".repeat(5_000)}`, { headers: { "user-agent": "u".repeat(5_000) } });
    const [line] = await lines();
    expect(String(line?.["path"])).toHaveLength(257);
    expect(String(line?.["model"])).toHaveLength(257);
    expect(String(line?.["userAgent"])).toHaveLength(257);
  });

  it("tells of a client that went away", async () => {
    const { server, lines } = await start({
      accessLog: "all",
      services: [{ name: "pair", revisions: [{ revision: 3, model: await testModel("default/pair__isvc-3"), load: "manual" }] }],
    });
    const client = grpcClient(server.port);
    const leaving = new AbortController();
    const call = client.call("ModelInfer", typed, { signal: leaving.signal }).catch(() => {});
    await expect.poll(() => server.mesh.waiting).toBe(1);
    leaving.abort();
    await call;
    await expect.poll(() => server.mesh.waiting).toBe(0);
    client.close();
    expect(await lines()).toMatchObject([{ status: 499, code: "CANCELLED", model: "pair" }]);
  });
});

describe("the log of a request that failed by our fault", () => {
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const trace = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };

  it.each(["rest", "grpc"] as const)("names its trace, when its client sent one: %s", async (face) => {
    const compute = (): never => {
      throw new Error("defect");
    };
    const model = await testModel("default/pair__isvc-3", { compute });
    const { server } = await start({ services: [{ name: "pair", revisions: [{ revision: 3, model }] }] });
    const client = grpcClient(server.port);
    const ask = (headers: Readonly<Record<string, string>>): Promise<unknown> =>
      face === "grpc"
        ? client.call("ModelInfer", typed, { metadata: Metadata.fromHttp2Headers(headers) }).catch(() => {})
        : send(server.port, "/v2/models/pair/infer", { headers, body: { inputs } });
    await ask({ traceparent });
    await ask({ traceparent: "00-none" });
    client.close();
    const [traced, untraced] = server.log.filter(({ level }) => level === "error");
    expect(traced).toMatchObject({ protocol: face, ...trace });
    expect(untraced).not.toHaveProperty("traceId");
  });
});
