import { once } from "node:events";
import { connect } from "node:http2";
import { Metadata } from "@grpc/grpc-js";
import { fakeClock, keyTableOf, mintKey, type TestKeyTable } from "@modelyard/core/testing";
import { afterEach, describe, expect, it } from "vitest";
import type { GatewayOptions } from "../options.ts";
import { grpcClient, send, startTestServer, type TestServer, testModel } from "../testing/index.ts";

const inference = mintKey("inferkey1");
const administration = mintKey("adminkey1", { role: "admin" });
const foreign = mintKey("foreignk1", { namespace: "team" });
const system = mintKey("systemke1", { namespace: "modelyard-system" });
const expiring = mintKey("expiring1", { expiresAtMs: 1_700_000_001_000 });
const allKeys = [inference, administration, foreign, system, expiring] as const;

interface Guarded {
  readonly server: TestServer;
  readonly keys: TestKeyTable;
  readonly clock: ReturnType<typeof fakeClock>;
  /** Lines of the access log so far. */
  readonly lines: () => readonly Readonly<Record<string, unknown>>[];
}

const open: TestServer[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function start(options: Partial<GatewayOptions> = {}): Promise<Guarded> {
  const keys = keyTableOf(...allKeys);
  const clock = fakeClock();
  let written = "";
  const server = await startTestServer({
    services: [
      { name: "pair", revisions: [{ revision: 1, model: await testModel("default/pair__isvc-1") }] },
      { namespace: "team", name: "other", revisions: [{ revision: 7, model: await testModel("team/other__isvc-7") }] },
    ],
    clock,
    authentication: { kind: "required", keys, clientCertificates: false },
    writeAccessLog: (lines) => (written += lines),
    ...options,
  });
  open.push(server);
  const lines = (): readonly Readonly<Record<string, unknown>>[] =>
    written
      .split("\n")
      .filter((line) => line !== "")
      // Lines of the log under test.
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  return { server, keys, clock, lines };
}

const inputs = [{ name: "x", datatype: "FP32", shape: [1, 2], data: [1, 2] }];
const raw = { model_name: "pair", inputs: [{ name: "x", datatype: "FP32", shape: [1, 2], contents: { fp32_contents: [1, 2] } }] };

const wrong = inference.text.replace(/.$/, "x");
const unknown = mintKey("nobodyha1").text;

/** What is wrong with the credentials, the header they are in, and what the client and the log are told. */
const refusals = [
  ["no key", {}, "API_KEY_MISSING", "no key", undefined],
  ["another scheme", { authorization: "Basic dXNlcjpwYXNz" }, "API_KEY_MISSING", "no key", undefined],
  ["an empty bearer", { authorization: "Bearer" }, "API_KEY_MISSING", "no key", undefined],
  ["a malformed key", { authorization: "Bearer hello" }, "API_KEY_NOT_VALID", "malformed key", undefined],
  ["an unknown key", { authorization: `Bearer ${unknown}` }, "API_KEY_NOT_VALID", "unknown key", "nobodyha1"],
  ["a wrong key", { authorization: `Bearer ${wrong}` }, "API_KEY_NOT_VALID", "wrong key", "inferkey1"],
  ["a wrong key in the other header", { "modelyard-api-key": wrong }, "API_KEY_NOT_VALID", "wrong key", "inferkey1"],
  ["a key that has expired", { authorization: `Bearer ${expiring.text}` }, "API_KEY_EXPIRED", "expired key", "expiring1"],
  [
    "the key of another namespace",
    { authorization: `Bearer ${foreign.text}` },
    "NAMESPACE_NOT_ALLOWED",
    "key of another namespace",
    "foreignk1",
  ],
] as const;

const restAddresses = [
  ["POST", "/v2/models/pair/infer"],
  ["POST", "/v2/models/nobody/infer"],
  ["GET", "/v2/models/pair"],
  ["GET", "/v2/models/pair/ready"],
  ["GET", "/v2/models"],
] as const;

const grpcMethods = [
  ["ModelInfer", raw],
  ["ModelMetadata", { name: "pair" }],
  ["ModelReady", { name: "pair" }],
] as const;

describe("a request whose credentials are refused", () => {
  it.each(refusals)("is answered and logged with who and why over REST: %s", async (_, headers, reason, why, keyId) => {
    const { server, clock, lines } = await start();
    await clock.advance(1_000);
    for (const [method, path] of restAddresses) {
      const answer = await send(server.port, path, { method, headers, ...(method === "POST" && { body: { inputs } }) });
      expect(answer.status).toBe(reason === "NAMESPACE_NOT_ALLOWED" ? 403 : 401);
      expect(answer.headers["www-authenticate"]).toBe(answer.status === 401 ? "Bearer" : undefined);
      expect(answer.json).toMatchObject({ reason });
      expect(answer.bytes.toString()).not.toContain("myk_");
    }
    await server.close();
    expect(lines()).toMatchObject(
      restAddresses.map(([method, path]) => ({ face: "rest", remote: "127.0.0.1", method, path, reason, why, ...(keyId && { keyId }) })),
    );
    expect(JSON.stringify(lines())).not.toContain("myk_");
  });

  it.each(refusals)("is answered and logged with who and why over gRPC: %s", async (_, headers, reason, why, keyId) => {
    const { server, clock, lines } = await start();
    await clock.advance(1_000);
    const client = grpcClient(server.port);
    for (const [method, message] of grpcMethods) {
      const code = reason === "NAMESPACE_NOT_ALLOWED" ? 7 : 16;
      await expect(client.call(method, message, { metadata: metadataOf(headers) })).rejects.toMatchObject({ code });
    }
    client.close();
    await server.close();
    expect(lines()).toMatchObject(
      grpcMethods.map(([method]) => ({ face: "grpc", path: pathOf(method), reason, why, ...(keyId && { keyId }) })),
    );
  });

  it("is told the same of a key that exists and of one that does not", async () => {
    const { server } = await start();
    const [ofWrong, ofUnknown] = await Promise.all(
      [wrong, unknown].map((key) => send(server.port, "/v2", { headers: { authorization: `Bearer ${key}` } })),
    );
    expect(ofWrong?.bytes).toEqual(ofUnknown?.bytes);
    expect(ofWrong?.headers["www-authenticate"]).toBe(ofUnknown?.headers["www-authenticate"]);
  });

  it("is refused before its body has arrived", async () => {
    const { server } = await start({ limits: { maxBodyBytes: 10 } });
    const answer = await send(server.port, "/v2/models/pair/infer", { body: "x".repeat(100_000) });
    expect(answer.json).toMatchObject({ reason: "API_KEY_MISSING" });
  });
});

describe("a request with a key", () => {
  const bearer = (text: string): Readonly<Record<string, string>> => ({ authorization: `Bearer ${text}` });

  it.each([
    ["in authorization", { authorization: `Bearer ${inference.text}` }],
    ["in authorization, the scheme in lower case", { authorization: `bearer ${inference.text}` }],
    ["in modelyard-api-key", { "modelyard-api-key": inference.text }],
  ])("is answered by both faces: %s", async (_, headers) => {
    const { server } = await start();
    expect((await send(server.port, "/v2/models/pair/infer", { headers, body: { inputs } })).status).toBe(200);
    const client = grpcClient(server.port);
    expect(await client.call("ModelInfer", raw, { metadata: metadataOf(headers) })).toMatchObject({ model_name: "pair" });
    client.close();
  });

  it("reaches its own namespace and no other, by path and by header; a system key reaches all", async () => {
    const { server } = await start();
    const statusOf = async (key: string, path: string, headers = {}): Promise<number> =>
      (await send(server.port, path, { headers: { ...bearer(key), ...headers } })).status;
    const inTeam = { "modelyard-namespace": "team" };
    expect(await statusOf(foreign.text, "/ns/team/v2/models/other")).toBe(200);
    expect(await statusOf(foreign.text, "/v2/models/other", inTeam)).toBe(200);
    expect(await statusOf(inference.text, "/ns/team/v2/models/other")).toBe(403);
    expect(await statusOf(inference.text, "/v2/models/other", inTeam)).toBe(403);
    expect(await statusOf(inference.text, "/ns/%74eam/v2/models/other")).toBe(403);
    expect(await statusOf(system.text, "/ns/team/v2/models/other")).toBe(200);
    expect(await statusOf(system.text, "/v2/models/pair")).toBe(200);
    expect(await statusOf(foreign.text, "/v2")).toBe(200);
    expect(await statusOf(foreign.text, "/v2/nowhere")).toBe(404);
  });

  it.each(["load", "unload", "lo%61d", "load/", "load?x=1"])("needs the role admin for the repository's %s", async (verb) => {
    const { server } = await start();
    const answerTo = (key: string): ReturnType<typeof send> =>
      send(server.port, `/v2/repository/models/pair/${verb}`, { method: "POST", headers: bearer(key), body: {} });
    expect((await answerTo(inference.text)).json).toMatchObject({ reason: "ROLE_NOT_ALLOWED" });
    expect((await answerTo(administration.text)).status).not.toBe(403);
  });

  it.each([
    "/inference.GRPCInferenceService/RepositoryModelUnload",
    "/inference.GRPCInferenceService/RepositoryModelLoad",
    "/mmesh.ModelMesh/registerModel",
  ])("needs the role admin for %s over gRPC", async (path) => {
    const { server } = await start();
    expect(await grpcStatusOf(server.port, path, bearer(inference.text))).toBe("7");
    expect(await grpcStatusOf(server.port, path, bearer(administration.text))).not.toBe("7");
  });

  it("is refused from the moment the key expires, on a connection that used it before", async () => {
    const { server, clock } = await start();
    const client = grpcClient(server.port);
    const call = (): Promise<unknown> => client.call("ModelInfer", raw, { metadata: metadataOf(bearer(expiring.text)) });
    await call();
    await clock.advance(999);
    await call();
    await clock.advance(1);
    await expect(call()).rejects.toMatchObject({ code: 16 });
    client.close();
  });

  it("is refused from the moment the key is revoked, on a connection that used it before", async () => {
    const { server, keys } = await start();
    const client = grpcClient(server.port);
    const call = (): Promise<unknown> => client.call("ModelInfer", raw, { metadata: metadataOf(bearer(inference.text)) });
    await call();
    keys.set([foreign]);
    await expect(call()).rejects.toMatchObject({ code: 16 });
    keys.set([inference]);
    await call();
    client.close();
  });

  it("is told to come back while the keys have not been read", async () => {
    const { server, keys } = await start();
    keys.isRead = false;
    const answer = await send(server.port, "/v2", { headers: bearer(inference.text) });
    expect(answer).toMatchObject({ status: 503, json: { reason: "AUTHENTICATION_NOT_READY" } });
    expect(answer.headers["retry-after"]).toBe("1");
  });
});

describe("without credentials", () => {
  it.each(["/", "/v2", "/openapi.json", "/v2/models", "/nowhere"])(
    "needs a key for %s, that of any namespace, and what is refused is in the log",
    async (path) => {
      const { server, lines } = await start();
      expect((await send(server.port, path)).status).toBe(401);
      const key = path === "/v2/models" ? inference : foreign;
      const known = await send(server.port, path, { headers: { authorization: `Bearer ${key.text}` } });
      expect(known.status).toBe(path === "/nowhere" ? 404 : 200);
      await server.close();
      expect(lines()).toMatchObject([{ path, status: 401, reason: "API_KEY_MISSING", why: "no key" }]);
    },
  );

  it("health is open on both faces, and to any host name", async () => {
    const { server, lines } = await start();
    expect((await send(server.port, "/v2/health/live", { headers: { host: "models.example" } })).status).toBe(200);
    expect((await send(server.port, "/v2/health/ready")).status).toBe(200);
    const client = grpcClient(server.port);
    expect(await client.call("ServerLive", {})).toEqual({ live: true });
    expect(await client.call("ServerReady", {})).toEqual({ ready: true });
    client.close();
    await server.close();
    expect(lines()).toEqual([]);
  });
});

function metadataOf(headers: Readonly<Record<string, string>>): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return metadata;
}

/** Makes a call that need not be in any .proto file. */
async function grpcStatusOf(port: number, path: string, headers: Readonly<Record<string, string>>): Promise<unknown> {
  const session = connect(`http://127.0.0.1:${port}`);
  const call = session.request({ ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers", ...headers });
  const answered = once(call, "response");
  call.end(Buffer.alloc(5));
  const [head] = await answered;
  session.destroy();
  return head["grpc-status"];
}

function pathOf(method: string): string {
  return `/inference.GRPCInferenceService/${method}`;
}
