import { describe, expect, it } from "vitest";
import { errorOf, inferPair as infer, restServers, send, pairInput as x } from "../testing/index.ts";

const { startPair } = restServers();

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
