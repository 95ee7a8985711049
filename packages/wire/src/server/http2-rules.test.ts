/** The rules of RFC 9113 and RFC 7541, one by one: what is sent, and what ends for it, the connection, the stream, or nothing. */
import { fakeClock } from "@modelyard/core/testing";
import { describe, expect, test } from "vitest";
import { statelessBlock } from "../hpack/encoder.ts";
import type { Field } from "../message/fields.ts";
import { responseHead } from "../message/response-head.ts";
import { echo, startServer } from "../testing/echo-server.ts";
import { rawClient } from "../testing/raw-client.ts";
import { getBlock, rawFrame } from "../testing/raw-frames.ts";

const noBody = { onData: () => {}, onEnd: () => {}, onAbort: () => {} };
const ping = rawFrame(6, 0, 0, Buffer.alloc(8));
const end = { stream: 1, headers: 4, both: 5, padded: 8, priority: 0x20 } as const;
const open = rawFrame(1, end.headers, 1, getBlock);
const whole = rawFrame(1, end.both, 1, getBlock);
const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const setting = (id: number, value: number): Buffer => rawFrame(4, 0, 0, Buffer.concat([Buffer.from([0, id]), uint32(value)]));
const reset = (streamId: number): Buffer => rawFrame(3, 0, streamId, uint32(8));
const line: readonly Field[] = [
  [":method", "POST"],
  [":scheme", "http"],
  [":path", "/"],
];
const head = (...fields: readonly Field[]): Buffer => statelessBlock([...line, ...fields]);
const times = (count: number, frame: Buffer): Buffer => Buffer.concat(Array.from({ length: count }, () => frame));

describe("HTTP/2 connection ends with", () => {
  test.each([
    ["DATA on stream 0", "PROTOCOL_ERROR", 1, rawFrame(0, 0, 0, Buffer.from("x"))],
    ["DATA on an idle stream", "PROTOCOL_ERROR", 1, rawFrame(0, 0, 1, Buffer.from("x"))],
    ["DATA with more padding than frame", "PROTOCOL_ERROR", 1, Buffer.concat([open, rawFrame(0, end.padded, 1, Buffer.from([2, 0]))])],
    ["DATA that is padded and empty", "PROTOCOL_ERROR", 1, Buffer.concat([open, rawFrame(0, end.padded, 1)])],
    ["HEADERS on stream 0", "PROTOCOL_ERROR", 1, rawFrame(1, end.both, 0, getBlock)],
    ["HEADERS on an even stream", "PROTOCOL_ERROR", 1, rawFrame(1, end.both, 2, getBlock)],
    [
      "HEADERS on a stream below the last",
      "PROTOCOL_ERROR",
      1,
      Buffer.concat([rawFrame(1, end.both, 5, getBlock), rawFrame(1, end.both, 3, getBlock)]),
    ],
    ["HEADERS with more padding than frame", "PROTOCOL_ERROR", 1, rawFrame(1, end.both | end.padded, 1, Buffer.from([9, 0x82]))],
    [
      "HEADERS that depend on themselves",
      "PROTOCOL_ERROR",
      1,
      rawFrame(1, end.both | end.priority, 1, Buffer.concat([uint32(1), Buffer.from([0]), getBlock])),
    ],
    ["HEADERS too short for their priority", "FRAME_SIZE_ERROR", 6, rawFrame(1, end.both | end.priority, 1, Buffer.from([0, 0]))],
    ["CONTINUATION without HEADERS", "PROTOCOL_ERROR", 1, rawFrame(9, end.headers, 1, getBlock)],
    ["CONTINUATION on another stream", "PROTOCOL_ERROR", 1, Buffer.concat([rawFrame(1, 0, 1, getBlock), rawFrame(9, end.headers, 3)])],
    ["a PING within a header block", "PROTOCOL_ERROR", 1, Buffer.concat([rawFrame(1, 0, 1, getBlock), ping])],
    ["a frame above 16,384 bytes", "FRAME_SIZE_ERROR", 6, Buffer.concat([open, rawFrame(0, 0, 1, Buffer.alloc(16_385))])],
    ["PRIORITY on stream 0", "PROTOCOL_ERROR", 1, rawFrame(2, 0, 0, Buffer.alloc(5))],
    ["RST_STREAM on an idle stream", "PROTOCOL_ERROR", 1, reset(1)],
    ["RST_STREAM on stream 0", "PROTOCOL_ERROR", 1, reset(0)],
    ["RST_STREAM of 3 bytes", "FRAME_SIZE_ERROR", 6, Buffer.concat([open, rawFrame(3, 0, 1, Buffer.alloc(3))])],
    ["SETTINGS on a stream", "PROTOCOL_ERROR", 1, rawFrame(4, 0, 1)],
    ["SETTINGS of 5 bytes", "FRAME_SIZE_ERROR", 6, rawFrame(4, 0, 0, Buffer.alloc(5))],
    ["an acknowledgement of SETTINGS with content", "FRAME_SIZE_ERROR", 6, rawFrame(4, 1, 0, Buffer.alloc(6))],
    ["ENABLE_PUSH of 2", "PROTOCOL_ERROR", 1, setting(2, 2)],
    ["INITIAL_WINDOW_SIZE of 2^31", "FLOW_CONTROL_ERROR", 3, setting(4, 2 ** 31)],
    [
      "an initial window that overflows that of a stream",
      "FLOW_CONTROL_ERROR",
      3,
      Buffer.concat([open, rawFrame(8, 0, 1, uint32(2 ** 31 - 1 - 65_535)), setting(4, 65_536)]),
    ],
    ["MAX_FRAME_SIZE of 16,383", "PROTOCOL_ERROR", 1, setting(5, 16_383)],
    ["MAX_FRAME_SIZE of 2^24", "PROTOCOL_ERROR", 1, setting(5, 2 ** 24)],
    ["PUSH_PROMISE", "PROTOCOL_ERROR", 1, Buffer.concat([open, rawFrame(5, end.headers, 1, Buffer.concat([uint32(2), getBlock]))])],
    ["PING of 7 bytes", "FRAME_SIZE_ERROR", 6, rawFrame(6, 0, 0, Buffer.alloc(7))],
    ["PING on a stream", "PROTOCOL_ERROR", 1, rawFrame(6, 0, 1, Buffer.alloc(8))],
    ["GOAWAY on a stream", "PROTOCOL_ERROR", 1, rawFrame(7, 0, 1, Buffer.alloc(8))],
    ["GOAWAY of 7 bytes", "FRAME_SIZE_ERROR", 6, rawFrame(7, 0, 0, Buffer.alloc(7))],
    ["WINDOW_UPDATE of 3 bytes", "FRAME_SIZE_ERROR", 6, rawFrame(8, 0, 0, Buffer.alloc(3))],
    ["WINDOW_UPDATE of 0 on the connection", "PROTOCOL_ERROR", 1, rawFrame(8, 0, 0, uint32(0))],
    ["WINDOW_UPDATE on an idle stream", "PROTOCOL_ERROR", 1, rawFrame(8, 0, 1, uint32(1))],
    ["a connection window above 2^31 - 1", "FLOW_CONTROL_ERROR", 3, rawFrame(8, 0, 0, uint32(2 ** 31 - 1))],
    ["a table index beyond the tables", "COMPRESSION_ERROR", 9, rawFrame(1, end.both, 1, Buffer.from([0xff, 0x7f]))],
    ["a table larger than announced", "COMPRESSION_ERROR", 9, rawFrame(1, end.both, 1, Buffer.from([0x3f, 0xe2, 0x1f, 0x82, 0x86, 0x84]))],
    ["a block that ends within a string", "COMPRESSION_ERROR", 9, rawFrame(1, end.both, 1, Buffer.from([0x00, 0x05, 0x61]))],
  ] as const)("%s: %s", async (_, __, code, bytes) => {
    await using running = await startServer(() => noBody);
    using client = rawClient(running.port, [bytes]);
    await expect.poll(() => client.goAwayCode()).toBe(code);
    await expect.poll(() => running.server.connectionCount).toBe(0);
    expect(running.server.inFlight).toBe(0);
  });
});

describe("HTTP/2 stream ends, and its connection goes on, with", () => {
  test.each([
    ["WINDOW_UPDATE of 0", 1, Buffer.concat([open, rawFrame(8, 0, 1, uint32(0))])],
    ["a window above 2^31 - 1", 3, Buffer.concat([open, rawFrame(8, 0, 1, uint32(2 ** 31 - 1))])],
    ["DATA after its end", 5, Buffer.concat([whole, rawFrame(0, 0, 1, Buffer.from("x"))])],
    ["PRIORITY of 4 bytes", 6, Buffer.concat([open, rawFrame(2, 0, 1, Buffer.alloc(4))])],
    ["a second head without an end", 1, Buffer.concat([open, rawFrame(1, end.headers, 1, getBlock)])],
    ["pseudo-fields in trailers", 1, Buffer.concat([open, rawFrame(1, end.both, 1, getBlock)])],
    ["connection fields in trailers", 1, Buffer.concat([open, rawFrame(1, end.both, 1, statelessBlock([["connection", "close"]]))])],
    [
      "more DATA than content-length",
      1,
      Buffer.concat([rawFrame(1, end.headers, 1, head(["content-length", "1"])), rawFrame(0, 0, 1, Buffer.from("xx"))]),
    ],
    [
      "less DATA than content-length",
      1,
      Buffer.concat([rawFrame(1, end.headers, 1, head(["content-length", "2"])), rawFrame(0, 1, 1, Buffer.from("x"))]),
    ],
    ["a content-length and no body", 1, rawFrame(1, end.both, 1, head(["content-length", "2"]))],
    ["two content-lengths that differ", 1, rawFrame(1, end.headers, 1, head(["content-length", "1"], ["content-length", "2"]))],
    ["a content-length that is no number", 1, rawFrame(1, end.headers, 1, head(["content-length", "+1"]))],
    ["a field name in upper case", 1, rawFrame(1, end.both, 1, head(["X-Upper", "a"]))],
    ["a field name with a space", 1, rawFrame(1, end.both, 1, head(["x upper", "a"]))],
    ["an empty field name", 1, rawFrame(1, end.both, 1, head(["", "a"]))],
    ["a line feed in a value", 1, rawFrame(1, end.both, 1, head(["x", "a\nhost: b"]))],
    ["a NUL in a value", 1, rawFrame(1, end.both, 1, head(["x", "a\0"]))],
    ["connection", 1, rawFrame(1, end.both, 1, head(["connection", "close"]))],
    ["keep-alive", 1, rawFrame(1, end.both, 1, head(["keep-alive", "1"]))],
    ["proxy-connection", 1, rawFrame(1, end.both, 1, head(["proxy-connection", "close"]))],
    ["transfer-encoding", 1, rawFrame(1, end.both, 1, head(["transfer-encoding", "chunked"]))],
    ["upgrade", 1, rawFrame(1, end.both, 1, head(["upgrade", "h2c"]))],
    ["te: gzip", 1, rawFrame(1, end.both, 1, head(["te", "gzip"]))],
    ["a pseudo-field after others", 1, rawFrame(1, end.both, 1, head(["x", "a"], [":authority", "a"]))],
    ["an unknown pseudo-field", 1, rawFrame(1, end.both, 1, head([":protocol", "websocket"]))],
    [":status in a request", 1, rawFrame(1, end.both, 1, head([":status", "200"]))],
    [":method twice", 1, rawFrame(1, end.both, 1, head([":method", "GET"]))],
    ["no :path", 1, rawFrame(1, end.both, 1, Buffer.from([0x82, 0x86]))],
    ["no :scheme", 1, rawFrame(1, end.both, 1, Buffer.from([0x82, 0x84]))],
    ["no :method", 1, rawFrame(1, end.both, 1, Buffer.from([0x86, 0x84]))],
    [
      "an empty :path",
      1,
      rawFrame(
        1,
        end.both,
        1,
        statelessBlock([
          [":method", "GET"],
          [":scheme", "http"],
          [":path", ""],
        ]),
      ),
    ],
    [
      "a :path that is relative",
      1,
      rawFrame(
        1,
        end.both,
        1,
        statelessBlock([
          [":method", "GET"],
          [":scheme", "http"],
          [":path", "a"],
        ]),
      ),
    ],
    [
      "a :path with a space",
      1,
      rawFrame(
        1,
        end.both,
        1,
        statelessBlock([
          [":method", "GET"],
          [":scheme", "http"],
          [":path", "/a b"],
        ]),
      ),
    ],
    [
      "CONNECT with a :path",
      1,
      rawFrame(
        1,
        end.both,
        1,
        statelessBlock([
          [":method", "CONNECT"],
          [":authority", "a:1"],
          [":path", "/"],
        ]),
      ),
    ],
    ["a host that differs from :authority", 1, rawFrame(1, end.both, 1, statelessBlock([...line, [":authority", "a"], ["host", "b"]]))],
  ] as const)("%s", async (_, code, bytes) => {
    await using running = await startServer(() => noBody);
    using client = rawClient(running.port, [bytes, rawFrame(1, end.headers, 3, head()), ping]);
    await expect.poll(() => client.hasPong()).toBe(true);
    expect([client.resetCode(1), client.resetCode(3), client.goAwayCode()]).toEqual([code, undefined, undefined]);
    expect(running.server.inFlight).toBe(1);
  });
});

describe("HTTP/2 server takes", () => {
  test.each([
    [
      "padding",
      Buffer.concat([
        rawFrame(1, end.headers | end.padded, 1, Buffer.concat([Buffer.from([2]), getBlock, Buffer.alloc(2)])),
        rawFrame(0, 9, 1, Buffer.from("\x03body\0\0\0", "latin1")),
      ]),
    ],
    [
      "priorities, of which it takes no notice",
      Buffer.concat([
        rawFrame(2, 0, 9, Buffer.alloc(5)),
        rawFrame(1, end.both | end.priority, 1, Buffer.concat([uint32(3), Buffer.from([9]), getBlock])),
      ]),
    ],
    ["frames and settings it does not know", Buffer.concat([rawFrame(0x77, 0xff, 0, Buffer.from("x")), setting(0x99, 7), whole])],
    ["flags it does not know", Buffer.concat([rawFrame(6, 0xfe, 0, Buffer.alloc(8)), rawFrame(1, 0xc5, 1, getBlock)])],
    [
      "a table that is emptied and enlarged in each block",
      Buffer.concat([
        rawFrame(1, end.both, 3, Buffer.from([0x20, 0x3f, 0xe1, 0x1f, 0x82, 0x86, 0x84])),
        rawFrame(1, end.both, 5, Buffer.from([0x20, 0x82, 0x86, 0x84])),
      ]),
    ],
    ["a peer without a table", Buffer.concat([setting(1, 0), whole])],
    ["a host that :authority repeats", rawFrame(1, end.both, 1, statelessBlock([...line, [":authority", "a"], ["host", "a"]]))],
    [
      "equal content-lengths",
      Buffer.concat([
        rawFrame(1, end.headers, 1, head(["content-length", "1"], ["content-length", "1"])),
        rawFrame(0, 1, 1, Buffer.from("x")),
      ]),
    ],
    [
      "te: trailers, and trailers",
      Buffer.concat([rawFrame(1, end.headers, 1, head(["te", "trailers"])), rawFrame(1, end.both, 1, statelessBlock([["x-sum", "1"]]))]),
    ],
    ["an empty CONTINUATION", Buffer.concat([rawFrame(1, end.stream, 1, getBlock), rawFrame(9, end.headers, 1)])],
  ] as const)("%s", async (_, bytes) => {
    await using running = await startServer(echo);
    using client = rawClient(running.port, [bytes, rawFrame(1, end.both, 7, getBlock)]);
    await expect.poll(() => client.isAnswered(7)).toBe(true);
    expect(client.frames().some(({ type }) => type === 3 || type === 7)).toBe(false);
    await expect.poll(() => running.server.inFlight).toBe(0);
  });

  test("late frames on a stream that it reset, and on one that the client reset", async () => {
    await using running = await startServer((exchange) => {
      if (exchange.head.method === "POST") exchange.reset("REFUSED_STREAM");
      return noBody;
    });
    const late = rawFrame(0, 0, 1, Buffer.from("late"));
    using client = rawClient(running.port, [rawFrame(1, end.headers, 1, head()), late, rawFrame(8, 0, 1, uint32(1)), reset(1)]);
    await expect.poll(() => client.resetCode(1)).toBe(7);
    client.socket.write(Buffer.concat([late, rawFrame(1, end.both, 1, statelessBlock([["x", "y"]])), ping]));
    await expect.poll(() => client.hasPong()).toBe(true);
    expect(client.goAwayCode()).toBeUndefined();
  });

  test("a GOAWAY: what was asked is answered, then the connection closes", async () => {
    let answer = (): void => {};
    await using running = await startServer((exchange) => {
      answer = () => exchange.respond({ head: responseHead(200), body: "the last" });
      return noBody;
    });
    using client = rawClient(running.port, [whole, rawFrame(7, 0, 0, Buffer.alloc(8)), rawFrame(1, end.both, 3, getBlock)]);
    await expect.poll(() => client.resetCode(3)).toBe(7);
    expect(client.goAwayCode()).toBe(0);
    answer();
    await expect.poll(() => client.isAnswered(1)).toBe(true);
    await expect.poll(() => client.socket.readableEnded).toBe(true);
  });
});

describe("HTTP/2 server and header lists above the limit", () => {
  const entry = Buffer.concat([Buffer.from([0x40, 0x01, 0x78, 0x7f, 0xa1, 0x1e]), Buffer.alloc(4000, "y")]);

  test("a short block that the table makes huge is answered with 431, each time it comes", async () => {
    await using running = await startServer(echo);
    const bomb = Buffer.concat([getBlock, Buffer.alloc(12_000, 0xbe)]);
    using client = rawClient(running.port, [
      rawFrame(1, end.both, 1, Buffer.concat([getBlock, entry])),
      ...[3, 5, 7].map((id) => rawFrame(1, end.both, id, bomb)),
    ]);
    await expect.poll(() => client.isAnswered(7)).toBe(true);
    const heads = client.frames().filter(({ type }) => type === 1);
    expect(heads).toHaveLength(4);
    expect(heads.slice(1).every(({ payload }) => payload.equals(heads[1]?.payload ?? Buffer.alloc(0)))).toBe(true);
    expect(heads[1]?.payload.equals(responseHead(431, [["modelyard-reason", "WIRE_MALFORMED"]]).http2Block)).toBe(true);
    expect(heads[0]?.payload.equals(responseHead(431, [["modelyard-reason", "WIRE_MALFORMED"]]).http2Block)).toBe(false);
    expect(running.server.inFlight).toBe(0);
  });

  test("trailers above the limit end their stream, also when they repeat", async () => {
    await using running = await startServer(() => noBody, { limits: { maxHeaderBytes: 200 } });
    const large = statelessBlock([
      ["x", "~".repeat(150)],
      ["y", "~".repeat(100)],
    ]);
    const requests = [1, 3].flatMap((id) => [rawFrame(1, end.headers, id, getBlock), rawFrame(1, end.both, id, large)]);
    using client = rawClient(running.port, [...requests, ping]);
    await expect.poll(() => client.hasPong()).toBe(true);
    expect([client.resetCode(1), client.resetCode(3)]).toEqual([1, 1]);
  });
});

describe("HTTP/2 server and floods", () => {
  const refused = rawFrame(1, end.headers, 1, head());

  test.each([
    ["window updates of the connection", times(25_000, rawFrame(8, 0, 0, uint32(1)))],
    ["window updates of a stream", Buffer.concat([open, times(25_000, rawFrame(8, 0, 1, uint32(1)))])],
    ["resets of a closed stream", Buffer.concat([open, times(25_000, reset(1))])],
    ["empty ends of a stream that was reset", Buffer.concat([refused, times(25_000, rawFrame(0, 1, 1))])],
    ["heads on a stream that was reset", Buffer.concat([refused, times(25_000, rawFrame(1, end.both, 1, getBlock))])],
    ["padding", Buffer.concat([open, times(25_000, rawFrame(0, end.padded, 1, Buffer.from([1, 0])))])],
    ["unknown frames", times(25_000, rawFrame(0x77, 0, 0))],
    ["farewells", Buffer.concat([open, times(25_000, rawFrame(7, 0, 0, Buffer.alloc(8)))])],
    [
      "malformed requests",
      Buffer.concat(Array.from({ length: 600 }, (_, index) => rawFrame(1, end.both, 2 * index + 1, Buffer.from([0x82])))),
    ],
    ["empty CONTINUATIONs", Buffer.concat([rawFrame(1, 0, 1, getBlock), times(100, rawFrame(9, 0, 1))])],
  ] as const)("%s end the connection with ENHANCE_YOUR_CALM", async (_, bytes) => {
    await using running = await startServer((exchange) => {
      if (exchange.head.method === "POST") exchange.reset("REFUSED_STREAM");
      return noBody;
    });
    using client = rawClient(running.port, [bytes]);
    await expect.poll(() => client.goAwayCode()).toBe(11);
    await expect.poll(() => running.server.connectionCount).toBe(0);
  });

  test("window updates for what was sent are not a flood", async () => {
    await using running = await startServer(
      (exchange) => {
        exchange.respond({ head: responseHead(200), body: "0123456789" });
        return noBody;
      },
      { limits: { maxControlFrames: 10 } },
    );
    using client = rawClient(running.port, [ping]);
    await expect.poll(() => client.hasPong()).toBe(true);
    for (let id = 1; id < 101; id += 2) {
      client.socket.write(rawFrame(1, end.both, id, getBlock));
      await expect.poll(() => client.isAnswered(id), { interval: 1 }).toBe(true);
      client.socket.write(Buffer.concat([rawFrame(8, 0, 0, uint32(10)), rawFrame(8, 0, id, uint32(10))]));
    }
    expect(client.goAwayCode()).toBeUndefined();
  });
});

describe("HTTP/2 server and pings", () => {
  test("a client that pings too often without a request is told so in the words that gRPC clients know", async () => {
    const clock = fakeClock();
    await using running = await startServer(() => noBody, { clock });
    using client = rawClient(running.port, [times(4, ping)]);
    await expect.poll(() => client.goAwayCode()).toBe(11);
    expect(client.goAwayReason()).toBe("too_many_pings");
  });

  test("pings during requests, between them, and at a moderate pace are answered", async () => {
    const clock = fakeClock();
    await using running = await startServer(echo, { clock });
    const exchange = (id: number): Buffer => Buffer.concat([rawFrame(1, end.both, id, getBlock), ping, ping]);
    using client = rawClient(
      running.port,
      Array.from({ length: 20 }, (_, index) => exchange(2 * index + 1)),
    );
    const pongs = (): number => client.frames().filter(({ type, flags }) => type === 6 && flags === 1).length;
    await expect.poll(pongs).toBe(40);
    for (let count = 1; count <= 10; count++) {
      await clock.advance(1_000);
      client.socket.write(ping);
      await expect.poll(pongs).toBe(40 + count);
    }
    client.socket.write(Buffer.concat([rawFrame(1, end.headers, 101, head()), times(10, ping)]));
    await expect.poll(pongs).toBe(60);
    expect(client.goAwayCode()).toBeUndefined();
  });

  test("a client that has been silent is asked, and given up when it does not answer", async () => {
    const clock = fakeClock();
    let reason = "";
    await using running = await startServer(
      (exchange) => {
        exchange.onAbort((error) => (reason = error.reason));
        return { ...noBody, isOpenEnded: true };
      },
      { clock, limits: { keepaliveTimeMs: 60_000, keepaliveTimeoutMs: 20_000 } },
    );
    using client = rawClient(running.port, [open]);
    await expect.poll(() => running.server.inFlight).toBe(1);
    const asked = (): number => client.frames().filter(({ type, flags }) => type === 6 && flags === 0).length;
    await clock.advance(59_000);
    expect(asked()).toBe(0);
    await clock.advance(2_000);
    await expect.poll(asked).toBe(1);
    const before = client.frames().length;
    client.socket.write(Buffer.concat([rawFrame(6, 1, 0, Buffer.alloc(8)), rawFrame(4, 0, 0)]));
    await expect.poll(() => client.frames().length).toBe(before + 1);
    await clock.advance(30_000);
    expect([asked(), reason]).toEqual([1, ""]);
    await clock.advance(32_000);
    await expect.poll(asked).toBe(2);
    await clock.advance(21_000);
    expect(reason).toBe("WIRE_TIMEOUT");
    await expect.poll(() => running.server.connectionCount).toBe(0);
  });

  test("answers to pings do not keep an idle connection open", async () => {
    const clock = fakeClock();
    await using running = await startServer(() => noBody, { clock, limits: { idleTimeoutMs: 50_000 } });
    using client = rawClient(running.port, [ping]);
    await expect.poll(() => client.hasPong()).toBe(true);
    for (let count = 0; count < 6 && client.goAwayCode() === undefined; count++) {
      await clock.advance(10_000);
      client.socket.write(ping);
    }
    await expect.poll(() => client.goAwayCode()).toBe(0);
  });
});
