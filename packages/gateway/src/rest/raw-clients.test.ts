/** Clients that write HTTP/1.1 themselves: what they may send, and that the connection serves on after each refusal. */
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { startTestServer, type TestServer, type TestServerOptions, testModel } from "../testing/index.ts";

const servers: TestServer[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start(options: Partial<TestServerOptions> = {}): Promise<TestServer> {
  const pair = { revision: 1, model: await testModel("default/pair__isvc-1") };
  const server = await startTestServer({ services: [{ name: "pair", revisions: [pair] }], ...options });
  servers.push(server);
  return server;
}

const last = "GET /v2/health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/** Sends bytes and then, on the same connection, a last good request; all that is answered, one status and body for each. */
function exchange(port: number, bytes: string | Buffer): Promise<readonly { readonly status: number; readonly body: string }[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.write(bytes);
      socket.write(last);
    });
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("error", reject);
    socket.on("close", () => {
      const answers = Buffer.concat(chunks)
        .toString("utf8")
        .split(/(?=HTTP\/1\.1 \d{3} )/);
      resolve(answers.map((text) => ({ status: Number(text.slice(9, 12)), body: text.slice(text.indexOf("\r\n\r\n") + 4) })));
    });
  });
}

const request = (line: string, fields: string, body = ""): string => `${line} HTTP/1.1\r\nHost: localhost\r\n${fields}\r\n${body}`;

const input = { name: "x", datatype: "FP32", shape: [1, 2], data: [1, 2] };
const good = JSON.stringify({ inputs: [input] });
const post = (fields: string, body = good): string =>
  request("POST /v2/models/pair/infer", `Content-Length: ${Buffer.byteLength(body)}\r\n${fields}`, body);

describe("a connection serves on after", () => {
  it.each<[string, string, number]>([
    ["an answer", post(""), 200],
    [
      "a chunked request",
      request("POST /v2/models/pair/infer", "Transfer-Encoding: chunked\r\n", `${good.length.toString(16)}\r\n${good}\r\n0\r\n\r\n`),
      200,
    ],
    ["an address that is not known", request("GET /nowhere", ""), 404],
    ["a model that is not known, its body unread", request("POST /v2/models/absent/infer", "Content-Length: 5\r\n", "12345"), 404],
    ["an escape that is none", request("GET /v2/models/%zz", ""), 400],
    ["an escape that is no UTF-8", request("GET /v2/models/%ff", ""), 400],
    ["slashes without names between", request("GET /v2//models//", ""), 404],
    ["a model without a name", request("POST /v2/models//infer", "Content-Length: 0\r\n"), 404],
    ["OPTIONS", request("OPTIONS /v2/models/pair/infer", ""), 405],
    ["OPTIONS of the server", request("OPTIONS *", ""), 404],
    ["GET of what is posted", request("GET /v2/models/pair/infer", "Inference-Header-Content-Length: -1\r\n"), 405],
    ["a body of another type", post("Content-Type: image/png\r\n"), 415],
    ["a body of an unknown encoding", post("Content-Encoding: br\r\n"), 415],
    ["a body that is not what its encoding says", post("Content-Encoding: gzip\r\n"), 400],
    ["a client that takes neither JSON nor bytes", post("Accept: image/png\r\n"), 406],
    ["a body that is not JSON", post("", "{"), 400],
    ["a body that is not UTF-8 JSON", post("", '"\ud800"'), 400],
    ["no body", post("", ""), 400],
    ["a negative length of the JSON", post("Inference-Header-Content-Length: -1\r\n"), 400],
    ["a length of the JSON that is no number", post("Inference-Header-Content-Length: 1e1\r\n"), 400],
    ["a length of the JSON beyond the body", post("Inference-Header-Content-Length: 999\r\n"), 400],
    ["a length of the JSON beyond all numbers", post("Inference-Header-Content-Length: 99999999999999999999\r\n"), 400],
    ["a raw body of the wrong size", post("Inference-Header-Content-Length: 0\r\n", "12345"), 400],
    ["a shape of more elements than there are numbers", post("", JSON.stringify({ inputs: [{ ...input, shape: [2 ** 53 - 1, 2] }] })), 400],
    ["a dimension below 0", post("", JSON.stringify({ inputs: [{ ...input, shape: [-1, 2] }] })), 400],
    ["a dimension that is no whole number", post("", JSON.stringify({ inputs: [{ ...input, shape: [0.5, 2] }] })), 400],
    ["a page of another origin", post("Origin: http://example.com\r\n"), 403],
    ["a host elsewhere", "GET /v2 HTTP/1.1\r\nHost: example.com\r\n\r\n", 403],
  ])("%s", async (_, bytes, status) => {
    const server = await start();
    const answers = await exchange(server.port, bytes);
    expect(answers.map((answer) => answer.status)).toEqual([status, 200]);
    expect(server.mesh.holds).toBe(0);
  });
});

describe("a model's name", () => {
  it.each([`say "hi" & <b>`, "tab\tand\nline", "ü模😀", "a/b?c#d%e", ".", "x".repeat(255), "é".repeat(255), "ready", "infer", "versions"])(
    "may be %j, percent-encoded",
    async (name) => {
      const model = { revision: 1, model: await testModel("default/odd__isvc-1") };
      const server = await start({ services: [{ name: "odd", modelName: name, revisions: [model] }] });
      const [answer] = await exchange(server.port, request(`GET /v2/models/${encodeURIComponent(name)}/ready`, ""));
      expect(answer).toMatchObject({ status: 200, body: JSON.stringify({ name, ready: true }) });
    },
  );

  it("may come as the bytes of its UTF-8, as curl sends it", async () => {
    const model = { revision: 1, model: await testModel("default/odd__isvc-1") };
    const server = await start({ services: [{ name: "odd", modelName: "ü模", revisions: [model] }] });
    const [answer] = await exchange(server.port, Buffer.from(request("GET /v2/models/ü模/ready", "")));
    expect(answer).toMatchObject({ status: 200, body: JSON.stringify({ name: "ü模", ready: true }) });
  });

  it("that is not UTF-8 is refused", async () => {
    const server = await start();
    const [answer] = await exchange(server.port, Buffer.from(request("GET /v2/models/\xff/ready", ""), "latin1"));
    expect(answer?.status).toBe(400);
  });

  it("is quoted in the answer, whatever it holds", async () => {
    const server = await start();
    const [answer] = await exchange(server.port, request(`GET /v2/models/${encodeURIComponent('a\r\nx-evil: 1"')}`, ""));
    expect(answer?.status).toBe(404);
    expect(JSON.parse(answer?.body ?? "")).toMatchObject({ details: { model: 'a\r\nx-evil: 1"' } });
  });
});
