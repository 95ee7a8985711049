import { connect } from "node:http2";
import { type Code, systemClock } from "@modelyard/core";
import { describe, expect, it } from "vitest";
import { framedMessage } from "../grpc/message-framing.ts";
import { startServer, type TestServer, type TestServerOptions } from "../testing/echo-server.ts";
import { type GrpcEchoOptions, grpcEcho } from "../testing/grpc-echo.ts";
import { rawExchange } from "../testing/raw-exchange.ts";
import { grpcWeb } from "./grpc-web.ts";

const clock = systemClock();

function start(echo: Partial<GrpcEchoOptions> = {}, options: TestServerOptions = {}): Promise<TestServer> {
  return startServer(grpcWeb(grpcEcho({ clock, ...echo })), options);
}

interface Answer {
  readonly status: number;
  readonly type: string | undefined;
  readonly body: Buffer;
}

interface Call {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
}

type Send = (running: TestServer, call: Call) => Promise<Answer>;

/** As a browser calls: fetch. */
async function overHttp1(running: TestServer, { path = "/test.Echo/Unary", headers = {}, body }: Call): Promise<Answer> {
  const sent = typeof body === "string" ? body : new Uint8Array(body);
  const answer = await fetch(running.url + path, {
    method: "POST",
    headers: { "content-type": "application/grpc-web+proto", ...headers },
    body: sent,
  });
  const type = answer.headers.get("content-type") ?? undefined;
  return { status: answer.status, type, body: Buffer.from(await answer.arrayBuffer()) };
}

/** The same with Node's client of HTTP/2. */
async function overHttp2(running: TestServer, { path = "/test.Echo/Unary", headers = {}, body }: Call): Promise<Answer> {
  const session = connect(running.url);
  const stream = session.request({ ":method": "POST", ":path": path, "content-type": "application/grpc-web+proto", ...headers });
  const head = new Promise<Pick<Answer, "status" | "type">>((resolve) => {
    stream.on("response", (fields) => resolve({ status: Number(fields[":status"]), type: fields["content-type"] }));
  });
  stream.end(body);
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece);
  session.destroy();
  return { ...(await head), body: Buffer.concat(pieces) };
}

const hello = Buffer.from("hello");
const helloFrame = "000000000568656c6c6f";
const okTrailers = Buffer.from("grpc-status: 0\r\n");
const okFrame = `8000000010${okTrailers.toString("hex")}`;
const text = { "content-type": "application/grpc-web-text", accept: "application/grpc-web-text" };

/** Undoes base64 that is padded in the middle. */
function plain(body: Buffer): Buffer {
  const flushed = body.toString("latin1").match(/[A-Za-z0-9+/]+={0,2}/g) ?? [];
  return Buffer.concat(flushed.map((one) => Buffer.from(one, "base64")));
}

/** The text of the trailers, which are the last message. */
function trailersOf(body: Buffer): string {
  let at = 0;
  while (at < body.length && body[at] !== 0x80) at += 5 + body.readUInt32BE(at + 1);
  expect(body.readUInt32BE(at + 1)).toBe(body.length - at - 5);
  return body.subarray(at + 5).toString("latin1");
}

describe.each<readonly [string, Send]>([
  ["HTTP/1.1", overHttp1],
  ["HTTP/2", overHttp2],
])("a call of gRPC-Web over %s", (_, send) => {
  it("is answered with its message and its trailers, in the bytes of the specification", async () => {
    await using running = await start();
    const answer = await send(running, { body: Buffer.from(helloFrame, "hex") });
    expect(answer).toMatchObject({ status: 200, type: "application/grpc-web+proto" });
    expect(answer.body.toString("hex")).toBe(helloFrame + okFrame);
  });

  it.each(["application/grpc-web", "application/grpc-web;charset=utf-8"])("may say %s", async (type) => {
    await using running = await start();
    const answer = await send(running, { headers: { "content-type": type }, body: framedMessage(hello) });
    expect(answer).toMatchObject({ status: 200, type: "application/grpc-web+proto" });
  });

  it("may come and be answered in base64", async () => {
    await using running = await start();
    const answer = await send(running, { headers: text, body: "AAAAAAVoZWxsbw==" });
    expect(answer).toMatchObject({ status: 200, type: "application/grpc-web-text+proto" });
    expect(answer.body.toString("latin1")).toBe(Buffer.from(helloFrame + okFrame, "hex").toString("base64"));
  });

  it("is answered in the form that it accepts, else in its own", async () => {
    await using running = await start();
    const body = framedMessage(hello);
    const accept = "application/grpc-web-text";
    expect((await send(running, { headers: { accept }, body })).type).toBe("application/grpc-web-text+proto");
    const own = await send(running, { headers: { "content-type": "application/grpc-web-text+proto" }, body: body.toString("base64") });
    expect(own.type).toBe("application/grpc-web-text+proto");
    const other = { ...text, accept: "application/grpc-web+proto" };
    expect((await send(running, { headers: other, body: body.toString("base64") })).type).toBe("application/grpc-web+proto");
  });

  it("that fails is answered with its status in the trailers", async () => {
    await using running = await start();
    const { status, body } = await send(running, { path: "/test.Echo/Fail", body: framedMessage(hello) });
    expect(status).toBe(200);
    expect(trailersOf(body)).toBe("grpc-status: 5\r\ngrpc-message: no such thing: 100 %25 K%C3%A4se%0A\r\nx-detail: d\r\n");
    expect(body[0]).toBe(0x80);
  });

  it("may have several messages, each answered as it comes", async () => {
    await using running = await start();
    const messages = ["a", "", "b".repeat(40_000)].map((one) => framedMessage(Buffer.from(one)));
    const body = Buffer.concat(messages);
    const answer = await send(running, { path: "/test.Echo/Stream", body });
    expect(answer.body.subarray(0, body.length).equals(body)).toBe(true);
    expect(trailersOf(answer.body)).toBe("grpc-status: 0\r\nx-done: yes\r\n");
    const inText = await send(running, { path: "/test.Echo/Stream", headers: text, body: body.toString("base64") });
    expect(plain(inText.body).equals(answer.body)).toBe(true);
  });

  it("reads base64 that is padded wherever it was flushed, cut anywhere", async () => {
    await using running = await start();
    const body = framedMessage(Buffer.alloc(100_000, "xyz"));
    const pieces = [1, 2, 5, 64, 99_933].map((size, index, sizes) => {
      const at = sizes.slice(0, index).reduce((sum, one) => sum + one, 0);
      return body.subarray(at, at + size).toString("base64");
    });
    const answer = await send(running, { headers: { ...text, accept: "application/grpc-web" }, body: pieces.join("") });
    expect(answer.body.subarray(0, body.length).equals(body)).toBe(true);
  });

  it.each(["AAA", "AAAA*AAA", "A=AA", "A===", "AAAAAAVoZWxsbw=", "====", "AAAAAAVo ZWxsbw"])(
    "whose text is not base64, %j, is refused with INTERNAL, and its handler is told",
    async (body) => {
      const told: Code[] = [];
      await using running = await start({ onCall: (call) => call.onCancel((error) => told.push(error.code)) });
      for (const path of ["/test.Echo/Hang", "/test.Echo/Stream"]) {
        const answer = await send(running, { path, headers: { ...text, accept: "application/grpc-web" }, body });
        expect(trailersOf(answer.body)).toContain(
          "grpc-status: 13\r\ngrpc-message: The gRPC message is not well formed: the body is not base64",
        );
      }
      expect(new Set(told)).toEqual(new Set(["INTERNAL"]));
    },
  );

  it("is refused as a gRPC call is: by method, time limit and messages", async () => {
    await using running = await start();
    const none = await send(running, { body: "" });
    expect(trailersOf(none.body)).toContain("grpc-status: 13");
    const trailersInRequest = await send(running, { path: "/test.Echo/Hang", body: Buffer.from(okFrame, "hex") });
    expect(trailersOf(trailersInRequest.body)).toContain("the flag byte is 128");
    const timeout = await send(running, { headers: { "grpc-timeout": "soon" }, body: framedMessage(hello) });
    expect(trailersOf(timeout.body)).toContain("grpc-timeout is");
  });

  it("gives its deadline and metadata to the handler", async () => {
    const seen: unknown[] = [];
    await using running = await start({
      onCall: (call) => seen.push([call.get("x-user"), (call.deadlineMs ?? 0) - clock.monotonicMs() > 1_000]),
    });
    for (let count = 0; count < 2; count++) {
      await send(running, { headers: { "grpc-timeout": "20S", "x-user": "u" }, body: framedMessage(hello) });
    }
    expect(seen).toEqual([
      ["u", true],
      ["u", true],
    ]);
  });
});

describe("beside gRPC-Web", () => {
  it("gRPC over HTTP/2 goes on as it was, and over HTTP/1.1 is refused as it was", async () => {
    await using running = await start();
    const call = { headers: { "content-type": "application/grpc" }, body: framedMessage(hello) };
    const answer = await overHttp2(running, call);
    expect([answer.type, answer.body.toString("hex")]).toEqual(["application/grpc", helloFrame]);
    expect((await overHttp1(running, call)).status).toBe(505);
  });

  it.each(["application/grpc-web+json", "application/grpc-webs", "application/grpc-web-text+thrift"])("%s is none", async (type) => {
    await using running = await start();
    expect((await overHttp2(running, { headers: { "content-type": type }, body: "{}" })).status).toBe(415);
  });

  it("a page that leaves cancels its call", async () => {
    const told: Code[] = [];
    await using running = await start({ onCall: (call) => call.onCancel((error) => told.push(error.code)) });
    const controller = new AbortController();
    const headers = { "content-type": "application/grpc-web" };
    const call = fetch(`${running.url}/test.Echo/Hang`, {
      method: "POST",
      headers,
      body: new Uint8Array(framedMessage(hello)),
      signal: controller.signal,
    });
    await expect.poll(() => running.server.inFlight).toBe(1);
    controller.abort();
    await expect(call).rejects.toThrow("aborted");
    await expect.poll(() => told).toEqual(["CANCELLED"]);
  });

  it("a connection of HTTP/1.1 goes on after a call", async () => {
    await using running = await start();
    const head = "POST /test.Echo/Unary HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc-web\r\nContent-Length: 10\r\n\r\n";
    const request = Buffer.concat([Buffer.from(head), framedMessage(hello)]);
    const answers = await rawExchange(running.address, [Buffer.concat([request, request, request])]);
    expect(answers.match(/HTTP\/1.1 200 OK/g)).toHaveLength(3);
    expect(answers.match(/grpc-status: 0\r\n/g)).toHaveLength(3);
  });
});
