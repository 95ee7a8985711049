/** Requests as HTTP/1.1, one piece each, in the ways that clients frame bodies and connections. */
import type { Dice } from "./dice.ts";
import type { SeedRequest } from "./seed-requests.ts";

/** Encodes requests that follow each other on a connection. */
export function encodeHttp1(requests: readonly SeedRequest[], dice: Dice): Buffer[] {
  return requests.map((request) => encodeOne(request, dice));
}

function encodeOne(request: SeedRequest, dice: Dice): Buffer {
  const { method, path, fields, body } = request;
  const isChunked = body.length > 0 && dice.chance(0.25);
  const framing = isChunked
    ? [["transfer-encoding", "chunked"]]
    : body.length > 0 || method === "POST"
      ? [["content-length", body.length]]
      : [];
  const extras = [
    ...(body.length > 0 && dice.chance(0.1) ? [["expect", "100-continue"]] : []),
    ...(dice.chance(0.1) ? [["connection", dice.pick(["keep-alive", "close"])]] : []),
    ...(dice.chance(0.05)
      ? [
          ["connection", "upgrade"],
          ["upgrade", "h2c"],
        ]
      : []),
  ];
  const lines = [["host", "localhost"], ...fields, ...framing, ...extras].map(([name, value]) => `${name}: ${value}\r\n`);
  const head = Buffer.from(`${method} ${path} HTTP/1.${dice.chance(0.03) ? 0 : 1}\r\n${lines.join("")}\r\n`, "latin1");
  return Buffer.concat([head, isChunked ? chunked(body, dice) : body]);
}

function chunked(body: Buffer, dice: Dice): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const size = 1 + dice.below(body.length - at);
    const extension = dice.chance(0.1) ? ";name=value" : "";
    parts.push(Buffer.from(`${size.toString(16)}${extension}\r\n`), body.subarray(at, at + size), Buffer.from("\r\n"));
    at += size;
  }
  parts.push(Buffer.from(dice.chance(0.1) ? "0\r\nx-trailer: yes\r\n\r\n" : "0\r\n\r\n"));
  return Buffer.concat(parts);
}
