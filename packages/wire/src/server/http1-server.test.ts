import { Agent, type IncomingMessage, type RequestOptions, request } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { fakeClock } from "@modelyard/core/testing";
import { describe, expect, test } from "vitest";
import type { Exchange } from "../message/exchange.ts";
import { responseHead, trailers } from "../message/response-head.ts";
import { wholeBody } from "../message/whole-body.ts";
import { echo, pipe, startServer } from "../testing/echo-server.ts";
import { rawExchange } from "../testing/raw-exchange.ts";

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly trailers: IncomingMessage["trailers"];
  readonly body: Buffer;
}

function send(options: RequestOptions, body: Buffer | string = ""): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(options, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("end", () => {
        const { statusCode = 0, headers, trailers: received } = incoming;
        resolve({ status: statusCode, headers, trailers: received, body: Buffer.concat(chunks) });
      });
      incoming.on("error", reject);
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

const large = Buffer.alloc(9 * 1024 * 1024, "0123456789");
const noBody = { onData: () => {}, onEnd: () => {}, onAbort: () => {} };

describe("HTTP/1.1 server with the client of node:http", () => {
  test("keeps one connection for many requests", async () => {
    await using running = await startServer(echo);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let index = 0; index < 20; index++) {
      const answer = await send({ port: running.port, method: "POST", agent }, `number ${index}`);
      expect(answer.body.toString()).toBe(`number ${index}`);
    }
    expect(running.server.connectionCount).toBe(1);
    agent.destroy();
  });

  test.each([
    ["with a length", { "content-length": String(large.length) }],
    ["chunked", { "transfer-encoding": "chunked" }],
    ["with a length as the last request", { "content-length": String(large.length), connection: "close" }],
    ["chunked as the last request", { "transfer-encoding": "chunked", connection: "close" }],
  ])("echoes 9 MiB sent %s", async (_, headers) => {
    await using running = await startServer(echo);
    const answer = await send({ port: running.port, method: "POST", headers }, large);
    expect(answer.headers["content-length"]).toBe(String(large.length));
    expect(answer.body.equals(large)).toBe(true);
  });

  test("streams 9 MiB through, chunked and with trailers", async () => {
    await using running = await startServer(pipe);
    const answer = await send({ port: running.port, method: "POST", headers: { "transfer-encoding": "chunked" } }, large);
    expect(answer.headers["transfer-encoding"]).toBe("chunked");
    expect(answer.body.equals(large)).toBe(true);
    expect(answer.trailers["x-size"]).toBe(String(large.length));
  });

  test("asks for the body of a request that expects it", async () => {
    await using running = await startServer(echo);
    const answer = await new Promise<string>((resolve, reject) => {
      const outgoing = request(
        { port: running.port, method: "POST", headers: { expect: "100-continue", "content-length": "2" } },
        (incoming) => {
          incoming.on("data", (chunk: Buffer) => resolve(`continued ${chunk.toString()}`));
        },
      );
      outgoing.on("continue", () => outgoing.end("hi"));
      outgoing.on("error", reject);
      outgoing.flushHeaders();
    });
    expect(answer).toBe("continued hi");
  });

  test("answers HEAD with the length of the body and no body", async () => {
    await using running = await startServer((exchange) => {
      exchange.respond({ head: responseHead(200), body: "twelve bytes" });
      return noBody;
    });
    const answer = await send({ port: running.port, method: "HEAD" });
    expect(answer.headers["content-length"]).toBe("12");
    expect(answer.body).toHaveLength(0);
  });

  test("refuses a body above the limit of the handler and lets the client read why", async () => {
    await using running = await startServer((exchange) =>
      wholeBody(1000, {
        onBody: () => exchange.respond({ head: responseHead(200) }),
        onTooLarge: (error) => exchange.respond({ head: responseHead(413), body: error.message }),
      }),
    );
    const answer = await send({ port: running.port, method: "POST", headers: { "content-length": String(large.length) } }, large);
    expect(answer.status).toBe(413);
    expect(answer.headers.connection).toBe("close");
    expect(answer.body.toString()).toContain("at most 1000 bytes");
  });

  test("tells the handler when the client goes away", async () => {
    let abort: (reason: string) => void = () => {};
    const reason = new Promise<string>((resolve) => (abort = resolve));
    await using running = await startServer((exchange) => {
      exchange.onAbort((error) => abort(error.reason));
      return { ...noBody, onEnd: () => outgoing.socket?.resetAndDestroy() };
    });
    const outgoing = request({ port: running.port });
    outgoing.on("error", () => {});
    outgoing.end();
    expect(await reason).toBe("EXCHANGE_CANCELLED");
  });
});

describe("HTTP/1.1 server with raw bytes", () => {
  const get = (path: string, ...lines: string[]): string => [`GET ${path} HTTP/1.1`, "Host: a", ...lines, "", ""].join("\r\n");

  test("answers pipelined requests in order, whatever order the handler finishes in", async () => {
    const held: Exchange[] = [];
    await using running = await startServer((exchange) => {
      const answer = (): void => exchange.respond({ head: responseHead(200), body: exchange.head.path });
      if (exchange.head.path === "/slow") {
        held.push(exchange);
        setImmediate(() => setImmediate(answer));
      } else answer();
      return noBody;
    });
    const answer = await rawExchange(running.address, [get("/slow") + get("/b") + get("/c", "Connection: close") + get("/never")], false);
    expect(answer.match(/\/(slow|b|c|never)/g)).toEqual(["/slow", "/b", "/c"]);
    expect(held).toHaveLength(1);
  });

  test("hands out the same head object when the same bytes repeat", async () => {
    const memos: unknown[] = [];
    await using running = await startServer((exchange) => {
      memos.push(exchange.head.memo);
      exchange.head.memo = `route of ${exchange.head.path}`;
      exchange.respond({ head: responseHead(200) });
      return noBody;
    });
    await rawExchange(running.address, [get("/a") + get("/a") + get("/b") + get("/a")]);
    expect(memos).toEqual([undefined, "route of /a", undefined, "route of /a"]);
  });

  test("reads a request that arrives byte by byte", async () => {
    await using running = await startServer(echo);
    const bytes = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    const answer = await rawExchange(running.address, bytes.split(""), false);
    expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\n[^]*hello$/);
  });

  test("drops what is left of a small body that was answered early and goes on", async () => {
    await using running = await startServer((exchange) => {
      exchange.respond({ head: responseHead(200), body: exchange.head.path });
      return noBody;
    });
    const first = "POST /first HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01234";
    const answer = await rawExchange(running.address, [first, `56789${get("/second", "Connection: close")}`], false);
    expect(answer.match(/\/(first|second)/g)).toEqual(["/first", "/second"]);
  });

  test.each([
    [
      "a smuggled length",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
      400,
    ],
    ["a bare LF, before the head is complete", "GET / HTTP/1.1\nHost: a", 400],
    ["a head too large", `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(40_000)}`, 431],
    ["a request line too long", `GET /${"x".repeat(40_000)}`, 414],
    ["a wrong chunk", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400],
    ["an HTTP/2 request line that is not the preface", "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", 505],
  ])("answers %s with the right status once, and closes", async (_, bytes, status) => {
    await using running = await startServer(echo);
    const answer = await rawExchange(running.address, [bytes], false);
    expect(answer.match(/HTTP\/1.1 \d+/g)).toEqual([`HTTP/1.1 ${status}`]);
    expect(answer).toContain("connection: close");
  });

  test("quotes what it refuses as UTF-8", async () => {
    await using running = await startServer(echo);
    const answer = await rawExchange(running.address, [get("/", "Expect: caf\xe9")], false);
    const body = Buffer.from(answer.slice(answer.indexOf("\r\n\r\n") + 4), "latin1");
    expect(answer).toContain(`content-length: ${body.length}\r\n`);
    expect(JSON.parse(body.toString("utf8"))).toMatchObject({ error: expect.stringContaining('"café"') });
  });

  test("serves sockets that another listener accepted and paused", async () => {
    await using running = await startServer(echo);
    const listener = createServer({ pauseOnConnect: true }, (socket) => setImmediate(() => running.server.accept(socket)));
    await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
    const port = Number((listener.address() as AddressInfo).port); // A TCP listener's address is an object.
    const answer = await rawExchange({ host: "127.0.0.1", port }, [get("/", "Content-Length: 4", "Connection: close"), "body"], false);
    expect(answer).toMatch(/^HTTP\/1.1 200 OK[^]*body$/);
    listener.close();
  });

  test("refuses connections beyond its limit with 503, and when to come again", async () => {
    await using running = await startServer(echo, { limits: { maxConnections: 0 } });
    expect(await rawExchange(running.address, [get("/")])).toMatch(/^HTTP\/1.1 503 [^]*retry-after: 1\r\n[^]*"error":/);
    expect(running.server.connectionCount).toBe(0);
  });

  test("closes without an answer what is no HTTP", async () => {
    await using running = await startServer(echo);
    expect(await rawExchange(running.address, ["INVALID CONNECTION PREFACE\r\n\r\n"], false)).toBe("");
  });

  test("an answer in pieces to HTTP/1.0 ends with the connection", async () => {
    await using running = await startServer(pipe);
    const answer = await rawExchange(running.address, ["POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc"]);
    expect(answer).not.toContain("chunked");
    expect(answer).toMatch(/connection: close\r\n\r\nabc$/);
  });

  test("drain with a grace for idle connections answers one more request on each, saying that it is the last", async () => {
    const clock = fakeClock();
    await using running = await startServer(echo, { clock });
    const agent = new Agent({ keepAlive: true });
    const sendOne = (text: string): Promise<Answer> => send({ port: running.port, method: "POST", agent }, text);
    expect((await sendOne("the first")).headers.connection).not.toBe("close");
    const drained = running.server.drain(10_000, 5_000);
    const last = await sendOne("the last");
    expect(last).toMatchObject({ status: 200, headers: { connection: "close" } });
    await drained;
    await expect(sendOne("too late")).rejects.toThrow("ECONNREFUSED");
    expect(clock.monotonicMs()).toBe(0);
  });

  test("drain with a grace for idle connections closes those that send nothing after it", async () => {
    const clock = fakeClock();
    await using running = await startServer(echo, { clock });
    const closed = rawExchange(running.address, [], false);
    await expect.poll(() => running.server.connectionCount).toBe(1);
    const drained = running.server.drain(10_000, 5_000);
    await clock.advance(4_999);
    expect(running.server.connectionCount).toBe(1);
    await clock.advance(1);
    expect(await closed).toBe("");
    await clock.advance(1_000);
    await drained;
  });

  test("a handler that throws loses its connection only", async () => {
    await using running = await startServer((exchange) => {
      if (exchange.head.path === "/bad") throw new Error("defect");
      exchange.respond({ head: responseHead(200), body: "fine", trailers: trailers([["x", "y"]]) });
      return noBody;
    });
    expect(await rawExchange(running.address, [get("/bad")], false)).toBe("");
    expect(await rawExchange(running.address, [get("/good")])).toMatch(/4\r\nfine\r\n0\r\nx: y\r\n\r\n$/);
  });
});

describe("HTTP/1.1 server and time", () => {
  /** Lets fake time pass, a second at a time, until the server closes the connection. */
  async function untilClosed(bytes: string): Promise<{ readonly answer: string; readonly elapsedMs: number }> {
    const clock = fakeClock();
    await using running = await startServer(echo, { clock });
    let answer: string | undefined;
    const closed = rawExchange(running.address, [bytes], false).then((received) => (answer = received));
    await expect.poll(() => running.server.connectionCount).toBe(1);
    while (answer === undefined && clock.monotonicMs() < 1_000_000) await clock.advance(1_000);
    return { answer: await closed, elapsedMs: clock.monotonicMs() };
  }

  test.each([
    ["a head that is not completed is answered with 408", "GET / HTTP/1.1\r\nHo", 30_000, /^HTTP\/1.1 408 [^]*connection: close/],
    ["an idle connection is closed", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 300_000, /^HTTP\/1.1 200/],
    ["a body that stops coming is cut off", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n", 60_000, /^$/],
    ["a beginning of the HTTP/2 preface that does not go on is closed", "PRI * HT", 30_000, /^$/],
  ])("%s, after its time", async (_, bytes, limitMs, expected) => {
    const { answer, elapsedMs } = await untilClosed(bytes);
    expect(answer).toMatch(expected);
    expect(elapsedMs).toBeGreaterThan(limitMs);
  });
});
