import { keyTableOf, mintKey } from "@modelyard/core/testing";
import { describe, expect, it } from "vitest";
import { webCall } from "../testing/grpc-web-client.ts";
import { countsOf, grpcServers, rawRequest, send, type TestServer, type TestServerOptions, until } from "../testing/index.ts";

const { startCold } = grpcServers();
const page = "https://app.example";
const cors = { allowedOrigins: [page] };

interface Logged {
  readonly port: number;
  readonly mesh: TestServer["mesh"];
  readonly counts: () => readonly string[];
  readonly lines: () => readonly unknown[];
}

async function start(options: Partial<TestServerOptions> = {}): Promise<Logged> {
  let written = "";
  const { server } = await startCold({ cors, accessLog: "all", writeAccessLog: (lines) => (written += lines), ...options });
  const lines = (): readonly unknown[] =>
    written
      .split("\n")
      .filter((line) => line !== "")
      .map((line): unknown => JSON.parse(line));
  return { port: server.port, mesh: server.mesh, counts: () => countsOf(server), lines };
}

describe.each([{ isText: false }, { isText: true }])("a page that calls by gRPC-Web, in text: $isText", ({ isText }) => {
  it("gets inferences, and reads the answer with the permission of CORS", async () => {
    const { port, counts, lines } = await start();
    const headers = { origin: page, "user-agent": "browser/1" };
    const answer = await webCall(port, { method: "ModelInfer", messages: [rawRequest("pair", { id: "w" })], isText, headers });
    expect(answer.trailers).toEqual({ "grpc-status": "0" });
    expect(answer.messages).toMatchObject([
      { id: "w", model_name: "pair", raw_output_contents: [Buffer.from(Float32Array.of(1.5, -2).buffer)] },
    ]);
    expect(answer.headers.get("access-control-allow-origin")).toBe(page);
    expect(answer.headers.get("access-control-expose-headers")).toContain("grpc-status");
    expect(answer.headers.get("content-type")).toBe(isText ? "application/grpc-web-text+proto" : "application/grpc-web+proto");
    expect(counts()).toEqual(["grpc infer OK 1"]);
    await expect.poll(lines).toMatchObject([
      {
        face: "grpc",
        protocol: "http/1.1",
        path: "/inference.GRPCInferenceService/ModelInfer",
        model: "pair",
        version: "1",
        status: 200,
        code: "OK",
        userAgent: "browser/1",
      },
    ]);
  });

  it("gets metadata, readiness and streams of inferences, one reply to each message of its body", async () => {
    const { port } = await start();
    const metadata = await webCall(port, { method: "ModelMetadata", messages: [{ name: "pair" }], isText });
    expect(metadata.messages).toMatchObject([{ name: "pair", inputs: [{ name: "x" }] }]);
    expect((await webCall(port, { method: "ServerReady", messages: [{}], isText })).messages).toEqual([{ ready: true }]);
    const requests = ["a", "b", "c"].map((id) => rawRequest("pair", { id }));
    const { messages, trailers } = await webCall(port, { method: "ModelStreamInfer", messages: requests, isText });
    expect(messages).toMatchObject(["a", "b", "c"].map((id) => ({ error_message: "", infer_response: { id } })));
    expect(trailers).toEqual({ "grpc-status": "0" });
  });

  it("gets each reply of a stream as soon as it is due", async () => {
    const { port, mesh } = await start();
    const ids: unknown[] = [];
    const call = webCall(port, {
      method: "ModelStreamInfer",
      messages: ["pair", "cold"].map((model) => rawRequest(model, { id: model })),
      isText,
      onMessage: ({ infer_response: reply }) => ids.push(reply),
    });
    await until(() => mesh.waiting === 1 && ids.length === 1);
    expect(ids).toMatchObject([{ id: "pair" }]);
    mesh.finishLoad("default/cold__isvc-1");
    expect((await call).trailers).toEqual({ "grpc-status": "0" });
    expect(ids).toMatchObject([{ id: "pair" }, { id: "cold" }]);
  });

  it("is told in the trailers what was wrong, and may read that too", async () => {
    const { port, counts, lines } = await start();
    const { status, headers, messages, trailers } = await webCall(port, {
      method: "ModelInfer",
      messages: [rawRequest("absent")],
      isText,
      headers: { origin: page },
    });
    expect([status, messages]).toEqual([200, []]);
    expect(trailers).toMatchObject({
      "grpc-status": "5",
      "grpc-message": expect.stringContaining('"absent" was not found'),
      "modelyard-reason": "MODEL_NOT_FOUND",
    });
    expect(headers.get("access-control-allow-origin")).toBe(page);
    expect(counts()).toEqual(["grpc infer NOT_FOUND 1"]);
    await expect.poll(lines).toMatchObject([{ code: "NOT_FOUND", reason: "MODEL_NOT_FOUND", status: 200 }]);
  });

  it("has the time it gives itself", async () => {
    const { port, mesh } = await start();
    const call = webCall(port, { method: "ModelInfer", messages: [rawRequest("cold")], isText, headers: { "grpc-timeout": "100m" } });
    expect((await call).trailers).toMatchObject({ "grpc-status": "4" });
    await until(() => mesh.waiting === 0);
  });

  it("needs a key like everybody, and is let in with one", async () => {
    const key = mintKey("webkey001");
    const { port, lines } = await start({ authentication: { kind: "required", keys: keyTableOf(key), clientCertificates: false } });
    const call = { method: "ModelInfer", messages: [rawRequest("pair")], isText };
    expect((await webCall(port, call)).trailers).toMatchObject({ "grpc-status": "16", "modelyard-reason": "API_KEY_MISSING" });
    const headers = { authorization: `Bearer ${key.text}` };
    expect((await webCall(port, { ...call, headers })).trailers).toEqual({ "grpc-status": "0" });
    await expect.poll(lines).toMatchObject([{ code: "UNAUTHENTICATED" }, { code: "OK", keyId: "webkey001" }]);
  });
});

describe("gRPC-Web", () => {
  it("is kept from pages of other origins", async () => {
    const { port } = await start();
    const { trailers, headers } = await webCall(port, {
      method: "ServerLive",
      messages: [{}],
      headers: { origin: "https://evil.example" },
    });
    expect(trailers).toMatchObject({ "grpc-status": "7", "modelyard-reason": "HOST_NOT_ALLOWED" });
    expect(headers.get("access-control-allow-origin")).toBeNull();
  });

  it("has the limit on messages of gRPC", async () => {
    const { port } = await start({ limits: { maxBodyBytes: 50 } });
    const { trailers } = await webCall(port, { method: "ModelInfer", messages: [rawRequest("pair", { id: "i".repeat(60) })] });
    expect(trailers).toMatchObject({ "grpc-status": "8" });
  });

  it("whose body is not what it says is in the log with why", async () => {
    const { port, lines } = await start();
    const headers = { "content-type": "application/grpc-web-text" };
    await send(port, "/inference.GRPCInferenceService/ModelInfer", { headers, body: "no base64" });
    await expect.poll(lines).toMatchObject([{ code: "INTERNAL", reason: "GRPC_MALFORMED" }]);
  });
});
