import { describe, expect, test } from "vitest";
import { parseHead } from "./head-parser.ts";

const get = (...lines: string[]): string => ["GET / HTTP/1.1", "Host: a", ...lines].join("\r\n");
const post = (...lines: string[]): string => ["POST /x HTTP/1.1", "Host: a", ...lines].join("\r\n");

describe("parseHead() refuses", () => {
  test.each([
    ["an empty request line", "\r\nHost: a", 400],
    ["two blanks in the request line", "GET  / HTTP/1.1\r\nHost: a", 400],
    ["HTTP/0.9", "GET /", 400],
    ["a method that is no token", "G(T / HTTP/1.1\r\nHost: a", 400],
    ["a control character in the target", "GET /\x01 HTTP/1.1\r\nHost: a", 400],
    ["a relative target", "GET x HTTP/1.1\r\nHost: a", 400],
    ["a star with GET", "GET * HTTP/1.1\r\nHost: a", 400],
    ["HTTP/2.0 in a request line", "GET / HTTP/2.0\r\nHost: a", 505],
    ["a version in lower case", "GET / http/1.1\r\nHost: a", 400],
    ["another protocol, without an answer", "INVALID CONNECTION PREFACE", 0],
    ["CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a", 501],
    ["no Host", "GET / HTTP/1.1", 400],
    ["two Hosts", get("Host: b"), 400],
    ["a Host with a path", "GET / HTTP/1.1\r\nHost: a/b", 400],
    ["a folded line", get("X: a", " b"), 400],
    ["a folded first line", "GET / HTTP/1.1\r\n Host: a", 400],
    ["a blank before the colon", get("X : a"), 400],
    ["an empty name", get(": a"), 400],
    ["a line without a colon", get("nonsense"), 400],
    ["a name with a control character", get("X\x00: a"), 400],
    ["a bare CR in a value", get("X: a\rb"), 400],
    ["a bare LF in a value", get("X: a\nb"), 400],
    ["a NUL in a value", get("X: a\x00b"), 400],
    ["two equal lengths", post("Content-Length: 5", "Content-Length: 5"), 400],
    ["two different lengths", post("Content-Length: 5", "Content-Length: 6"), 400],
    ["a list of lengths", post("Content-Length: 5, 5"), 400],
    ["a negative length", post("Content-Length: -5"), 400],
    ["a length with a sign", post("Content-Length: +5"), 400],
    ["a hexadecimal length", post("Content-Length: 0x5"), 400],
    ["a length beyond all bounds", post("Content-Length: 99999999999999999999"), 400],
    ["length and coding", post("Content-Length: 5", "Transfer-Encoding: chunked"), 400],
    ["coding before length", post("Transfer-Encoding: chunked", "Content-Length: 5"), 400],
    ["chunked twice", post("Transfer-Encoding: chunked, chunked"), 400],
    ["two coding lines", post("Transfer-Encoding: chunked", "Transfer-Encoding: identity"), 400],
    ["chunked not last", post("Transfer-Encoding: chunked, gzip"), 400],
    ["an obfuscated chunked", post("Transfer-Encoding: \x0bchunked"), 400],
    ["gzip", post("Transfer-Encoding: gzip"), 400],
    ["gzip before chunked", post("Transfer-Encoding: gzip, chunked"), 501],
    ["a coding in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked", 400],
    ["an unknown expectation", post("Expect: 200-ok"), 417],
  ])("%s", (_, text, status) => {
    expect(parseHead(text)).toMatchObject({ kind: "refused", status });
  });
});

describe("parseHead() reads", () => {
  test.each([
    [
      "a request without body",
      get(),
      { body: { kind: "length", sizeBytes: 0 }, keepsAlive: true, head: { method: "GET", path: "/", authority: "a" } },
    ],
    ["a length", post("Content-Length: 005"), { body: { kind: "length", sizeBytes: 5 } }],
    ["a chunked body", post("Transfer-Encoding: Chunked"), { body: { kind: "chunked" } }],
    ["close among options", get("Connection: foo, Close"), { keepsAlive: false }],
    ["HTTP/1.0 as closing", "GET / HTTP/1.0", { isHttp10: true, keepsAlive: false }],
    ["HTTP/1.0 that wants to be kept", "GET / HTTP/1.0\r\nConnection: keep-alive", { keepsAlive: true }],
    ["a target in absolute form", "GET http://b:1/p?q HTTP/1.1\r\nHost: a", { head: { authority: "b:1", path: "/p?q" } }],
    ["an absolute target without a path", "GET http://b HTTP/1.1\r\nHost: a", { head: { authority: "b", path: "/" } }],
    ["OPTIONS of the server", "OPTIONS * HTTP/1.1\r\nHost: a", { head: { path: "*" } }],
    ["an empty Host", "GET / HTTP/1.1\r\nHost:", { head: { authority: "" } }],
    ["an expectation", post("Expect: 100-Continue", "Content-Length: 1"), { expectsContinue: true }],
    [
      "blanks around a value and none within the name",
      get("X-A: \t b c\t "),
      {
        head: {
          fields: [
            ["host", "a"],
            ["x-a", "b c"],
          ],
        },
      },
    ],
    ["bytes beyond ASCII in a value", get("X: \xe4"), { kind: "head" }],
  ])("%s", (_, text, expected) => {
    expect(parseHead(text)).toMatchObject({ kind: "head", ...expected });
  });
});

test("parseHead() takes linear time for a value full of blanks", { timeout: 500 }, () => {
  const blanks = " \t".repeat(15_000);
  expect(parseHead(get(`X: a${blanks}b${blanks}`))).toMatchObject({
    kind: "head",
    head: {
      fields: [
        ["host", "a"],
        ["x", `a${blanks}b`],
      ],
    },
  });
});
