import { keyTableOf } from "@modelyard/core/testing";
import { afterEach, describe, expect, it } from "vitest";
import { type RestAnswer, send, startTestServer, type TestServer, type TestServerOptions, testModel } from "../testing/index.ts";
import { CorsPolicy } from "./cors-policy.ts";

const open: TestServer[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

const page = "https://app.example";

async function start(options: Partial<TestServerOptions> = {}): Promise<TestServer> {
  const server = await startTestServer({
    services: [{ name: "pair", revisions: [{ revision: 3, model: await testModel("default/pair__isvc-3") }] }],
    cors: { allowedOrigins: [page] },
    ...options,
  });
  open.push(server);
  return server;
}

function preflight(server: TestServer, origin: string, path = "/v2/models/pair/infer"): Promise<RestAnswer> {
  const headers = { origin, "access-control-request-method": "POST", "access-control-request-headers": "content-type,x-grpc-web" };
  return send(server.port, path, { method: "OPTIONS", headers });
}

describe("a page of an origin that is allowed", () => {
  it("is told before it calls what it may send", async () => {
    const { status, headers, bytes } = await preflight(await start(), page);
    expect(status).toBe(204);
    expect(bytes).toHaveLength(0);
    expect(headers).toMatchObject({
      "access-control-allow-origin": page,
      "access-control-allow-methods": "GET, HEAD, POST",
      "access-control-allow-headers": "content-type,x-grpc-web",
      "access-control-max-age": "600",
      vary: "origin",
    });
  });

  it("is told so for the methods of gRPC-Web, too, and without credentials", async () => {
    const server = await start({ authentication: { kind: "required", keys: keyTableOf(), clientCertificates: false } });
    expect((await preflight(server, page, "/inference.GRPCInferenceService/ModelInfer")).status).toBe(204);
    const answer = await send(server.port, "/v2", { headers: { origin: page } });
    expect(answer).toMatchObject({ status: 401, headers: { "access-control-allow-origin": page } });
  });

  it("may read answers and refusals, and the fields that it needs", async () => {
    const server = await start();
    for (const path of ["/v2/models/pair", "/v2/models/nobody"]) {
      const { headers } = await send(server.port, path, { headers: { origin: page } });
      expect(headers["access-control-allow-origin"]).toBe(page);
      expect(headers["access-control-expose-headers"]).toContain(
        "grpc-status, grpc-message, modelyard-reason, inference-header-content-length",
      );
      expect(headers.vary).toBe("origin");
    }
  });
});

describe("a page of another origin", () => {
  it("is refused, and learns nothing", async () => {
    const server = await start();
    for (const origin of ["https://evil.example", "https://app.example.evil.example", "http://app.example", "null"]) {
      const answers = [await preflight(server, origin), await send(server.port, "/v2", { headers: { origin } })];
      for (const { status, headers } of answers) {
        expect(status).toBe(403);
        expect(headers["access-control-allow-origin"]).toBeUndefined();
        expect(headers.vary).toBe("origin");
      }
    }
  });

  it("is refused also when it reaches the server by another host name", async () => {
    const server = await start();
    const answer = await send(server.port, "/v2", { headers: { origin: page, host: "rebound.example" } });
    expect(answer).toMatchObject({ status: 403, json: { reason: "HOST_NOT_ALLOWED" } });
  });
});

describe("a server without CORS", () => {
  it("answers no preflight and adds no field", async () => {
    const server = await startTestServer({ services: [] });
    open.push(server);
    expect((await preflight(server, page)).status).toBe(403);
    const { headers } = await send(server.port, "/v2");
    expect(Object.keys(headers).filter((name) => name === "vary" || name.startsWith("access-control"))).toEqual([]);
  });
});

describe("CorsPolicy", () => {
  it("lets every origin in with *", async () => {
    const server = await start({ cors: { allowedOrigins: ["*"] } });
    const { headers } = await send(server.port, "/v2", { headers: { origin: "https://any.example" } });
    expect(headers["access-control-allow-origin"]).toBe("*");
    expect(headers.vary).toBeUndefined();
  });

  it.each(["app.example", "https://app.example/", "https://App.example", "ftp://app.example", ""])(
    'refuses "%s" as an origin',
    (origin) => {
      expect(() => new CorsPolicy({ allowedOrigins: [origin] })).toThrow("is not one a browser sends");
    },
  );
});
