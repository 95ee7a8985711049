import { HpackEncoder, rawFrame } from "@modelyard/wire/testing";
import { describe, expect, it } from "vitest";
import type { Answers } from "./answers.ts";
import { readHttp1Answers } from "./read-http1-answers.ts";
import { readHttp2Answers } from "./read-http2-answers.ts";

const get = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

function http1(received: string, { sent = get, isWhole = true } = {}): Answers {
  return readHttp1Answers({ sent: Buffer.from(sent), received: Buffer.from(received, "latin1"), isWhole });
}

describe("answers of HTTP/1.1", () => {
  const ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nab";

  it("are read with length, in chunks, without a body and until the end", () => {
    const chunked = "HTTP/1.1 400 Bad Request\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n";
    expect(http1(`HTTP/1.1 100 Continue\r\n\r\n${ok}${chunked}`)).toEqual({
      labels: ["http1 100", "http1 200", "http1 400"],
      problems: [],
    });
    expect(http1("HTTP/1.1 200 OK\r\n\r\nall of this").labels).toEqual(["http1 200"]);
    expect(http1("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n", { sent: get.replace("GET", "HEAD") }).problems).toEqual([]);
  });

  it("say the reason of what the server could not do, which is a fault when nobody foresaw it", () => {
    const body = '{"reason":"MODEL_UNLOADED"}';
    expect(http1(`HTTP/1.1 503 Service Unavailable\r\ncontent-length: ${body.length}\r\n\r\n${body}`)).toEqual({
      labels: ["http1 503 MODEL_UNLOADED"],
      problems: [],
    });
    expect(http1("HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n").problems).toEqual(["answered 500: "]);
  });

  it.each([
    ["no answer at all", "hello\r\n\r\n", "not a head"],
    ["cut off in a head", "HTTP/1.1 200 OK\r\n", "a head without an end"],
    ["cut off in a body", ok.slice(0, -1), "a body that is cut off"],
    ["more than were asked for", ok.repeat(4), "4 answers to at most 2 requests"],
  ])("are a fault when they are %s", (_, received, problem) => {
    expect(http1(received).problems.join()).toContain(problem);
  });

  it("in chunks may end between two of them, which says that they were given up, and not within one", () => {
    const begun = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n";
    expect(http1(begun)).toEqual({ labels: ["http1 200"], problems: [] });
    expect(http1(`${begun}5\r\nab`).problems.join()).toContain("a chunk without an end");
  });

  it("may be cut off where the connection broke", () => {
    expect(http1(ok.slice(0, -1), { isWhole: false }).problems).toEqual([]);
  });
});

describe("answers of HTTP/2", () => {
  const encoder = new HpackEncoder(0);
  const head = (streamId: number, fields: readonly (readonly [string, string])[], flags = 5): Buffer =>
    rawFrame(1, flags, streamId, Buffer.from(encoder.encode(fields)));
  const sent = Buffer.concat([Buffer.alloc(24), head(1, [[":method", "GET"]]), head(3, [[":method", "GET"]])]);
  const read = (...frames: readonly Buffer[]): Answers => readHttp2Answers({ sent, received: Buffer.concat(frames), isWhole: true });

  it("are read by stream, with the status of gRPC and how streams and the connection ended", () => {
    const grpc = [head(3, [[":status", "200"]], 4), head(3, [["grpc-status", "5"]])];
    const reset = rawFrame(3, 0, 1, Buffer.from([0, 0, 0, 8]));
    expect(read(...grpc, head(1, [[":status", "404"]]), reset, rawFrame(7, 0, 0, Buffer.from([0, 0, 0, 3, 0, 0, 0, 1])))).toEqual({
      labels: ["http2 404", "grpc NOT_FOUND", "reset CANCEL", "goaway PROTOCOL_ERROR"],
      problems: [],
    });
  });

  it("are read from the trailers of gRPC-Web", () => {
    const block = head(
      1,
      [
        [":status", "200"],
        ["content-type", "application/grpc-web+proto"],
      ],
      4,
    );
    expect(read(block, rawFrame(0, 1, 1, Buffer.from("\x80\0\0\0\x10grpc-status: 3\r\n", "latin1"))).labels).toEqual([
      "grpc-web INVALID_ARGUMENT",
    ]);
  });

  it.each([
    ["a status that nobody foresaw", [head(1, [[":status", "500"]])], "answered 500"],
    [
      "UNKNOWN",
      [
        head(1, [
          [":status", "200"],
          ["grpc-status", "2"],
          ["grpc-message", "x"],
        ]),
      ],
      "answered gRPC status 2: x",
    ],
    [
      "INTERNAL",
      [
        head(1, [
          [":status", "200"],
          ["grpc-status", "13"],
          ["grpc-message", "x"],
        ]),
      ],
      "answered gRPC status 13: x",
    ],
    ["a reset with INTERNAL_ERROR", [rawFrame(3, 0, 1, Buffer.from([0, 0, 0, 2]))], "ended by reset INTERNAL_ERROR"],
    ["an answer that was not asked for", [head(5, [[":status", "200"]])], "an answer on stream 5, which was not opened"],
    ["a third block", [1, 2, 3].map(() => head(1, [[":status", "200"]])), "3 header blocks on stream 1"],
    ["a frame that is cut off", [head(1, [[":status", "200"]]).subarray(0, -1)], "a frame that is cut off"],
  ] as const)("are a fault with %s", (_, frames, problem) => {
    expect(read(...frames).problems).toEqual([problem === "answered 500" ? "answered 500: " : problem]);
  });
});
