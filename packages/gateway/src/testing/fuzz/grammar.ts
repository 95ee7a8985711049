/** Conversations that begin with nothing but the grammars: request lines and fields, frames, header blocks, each mostly right by itself. */
import { clientPreface, rawFrame } from "@modelyard/wire/testing";
import type { Dice } from "./dice.ts";

const methods = ["GET", "POST", "HEAD", "OPTIONS", "PUT", "A", "!#$%", "", "GET "] as const;
const targets = ["/", "*", "/v2", "/v2/models/digits/infer", "http://localhost/v2", "localhost:80", "/%zz", "/\u00ff", ""] as const;
const versions = ["HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/1.2", "http/1.1", "HTTP/11", "RTSP/1.0", ""] as const;
const lineEnds = ["\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r", "\r\r\n", "\r\n "] as const;
const fieldNames = ["Host", "Content-Length", "Transfer-Encoding", "Connection", "Expect", "X", "", " X", "X ", "Content-Type"] as const;
const fieldValues = [
  "localhost",
  "3",
  "0",
  "chunked",
  "Chunked",
  "chunked, chunked",
  "close",
  "100-continue",
  "",
  "a b",
  "\0",
  "\u0080",
] as const;
const bodies = [
  "",
  "abc",
  "{}",
  "3\r\nabc\r\n0\r\n\r\n",
  "0\r\n\r\n",
  "3;a=b\r\nabc\r\n0\r\nA: b\r\n\r\n",
  "ffffffffff\r\n",
  "-1\r\n",
  "0\r\n",
] as const;

/** A row of requests of HTTP/1.1, or what looks like them. */
export function grammarHttp1(dice: Dice): Buffer[] {
  return Array.from({ length: 1 + dice.below(3) }, () => {
    const fields = Array.from(
      { length: dice.below(6) },
      () => `${dice.pick(fieldNames)}${dice.pick([":", ": ", ":\t", " :", ""])}${dice.pick(fieldValues)}`,
    );
    const lines = [`${dice.pick(methods)} ${dice.pick(targets)} ${dice.pick(versions)}`, "Host: localhost", ...fields];
    const head = lines.map((line) => line + dice.pick(lineEnds)).join("");
    return Buffer.from(`${head}${dice.pick(lineEnds)}${dice.pick(bodies)}`, "latin1");
  });
}

/** A row of frames behind a preface. */
export function grammarHttp2(dice: Dice): Buffer[] {
  const frames = Array.from({ length: 1 + dice.below(12) }, () => anyFrame(dice));
  return [clientPreface, ...frames];
}

function anyFrame(dice: Dice): Buffer {
  const streamId = dice.pick([0, 1, 1, 1, 3, 3, 5, 7, 2, dice.border(31)]);
  const flags = dice.pick([0, 1, 4, 5, 5, 5, 0x0d, 0x2d, dice.below(256)]);
  switch (dice.below(10)) {
    case 0:
    case 1:
    case 2:
      return rawFrame(1, flags, streamId, headerBlock(dice));
    case 3:
      return rawFrame(9, flags, streamId, headerBlock(dice));
    case 4:
    case 5:
      return rawFrame(0, flags, streamId, dice.bytes(dice.below(40)));
    case 6:
      return rawFrame(4, dice.pick([0, 0, 1]), dice.pick([0, 0, 0, 1]), settings(dice));
    default:
      return rawFrame(
        dice.pick([2, 3, 5, 6, 7, 8, 10, 16, dice.below(256)]),
        flags,
        streamId,
        dice.bytes(dice.pick([0, 4, 4, 5, 8, 8, 9, 13])),
      );
  }
}

function settings(dice: Dice): Buffer {
  const pairs = Array.from({ length: dice.below(5) }, () => {
    const pair = Buffer.alloc(6);
    pair.writeUInt16BE(dice.pick([1, 2, 3, 4, 5, 6, 8, dice.below(65_536)]));
    pair.writeUInt32BE(dice.border(32), 2);
    return pair;
  });
  return Buffer.concat([...pairs, dice.bytes(dice.chance(0.1) ? dice.below(6) : 0)]);
}

/** Representations of RFC 7541 §6, mostly beginning with those of a request. */
function headerBlock(dice: Dice): Buffer {
  const begin = dice.chance(0.8)
    ? dice.pick([
        [0x82, 0x86, 0x84],
        [0x83, 0x86, 0x84],
        [0x82, 0x87, 0x85],
      ])
    : [];
  const rest = Array.from({ length: dice.below(6) }, () => representation(dice));
  return Buffer.concat([Buffer.from(begin), ...rest]);
}

function representation(dice: Dice): Buffer {
  switch (dice.below(6)) {
    case 0:
      return Buffer.from([0x80 | dice.below(128)]);
    case 1:
      return Buffer.from([0x20 | dice.below(32), ...dice.bytes(dice.below(2))]);
    case 2:
      return Buffer.concat([Buffer.from([0xff]), dice.bytes(dice.below(8)).map((byte) => byte | 0x80), Buffer.from([dice.below(128)])]);
    default: {
      const name = dice.pick([1, 4, 28, 31, 38, dice.below(64)]) & 0x3f;
      return Buffer.concat([Buffer.from([dice.pick([0x40, 0, 0x10]) | (name & 15)]), text(dice)]);
    }
  }
}

function text(dice: Dice): Buffer {
  const bytes = dice.chance(0.5) ? Buffer.from(dice.pick(["localhost", "a", "/v2", "trailers", "5", ""])) : dice.bytes(dice.below(12));
  const lies = dice.chance(0.1) ? dice.below(127) : bytes.length;
  return Buffer.concat([Buffer.from([(dice.chance(0.3) ? 0x80 : 0) | lies]), bytes]);
}
