/** Requests as HTTP/2 with prior knowledge: the preface, then one piece a frame, streams interleaved. Frames as in RFC 9113 §6. */
import { clientPreface, HpackEncoder, rawFrame } from "@modelyard/wire/testing";
import type { Dice } from "./dice.ts";
import type { SeedRequest } from "./seed-requests.ts";

const headers = 1;
const continuation = 9;
const endStream = 1;
const endHeaders = 4;
const padded = 8;
const hasPriority = 0x20;
/** Largest frame that every server takes. */
const maxPayloadBytes = 16_384;

/** Encodes requests on streams 1, 3, … of a connection. */
export function encodeHttp2(requests: readonly SeedRequest[], dice: Dice): Buffer[] {
  // 0: every field as text; else with an index that later blocks refer to. Both use the Huffman code.
  const encoder = new HpackEncoder(dice.pick([0, 4096, 4096]));
  if (dice.chance(0.1)) encoder.limitTable(dice.pick([0, 64, 1024]));
  const streams = requests.map((request, index) => framesOfRequest(request, { encoder, streamId: index * 2 + 1, dice }));
  return [clientPreface, ...interleaved(streams, dice)];
}

interface Writing {
  readonly encoder: HpackEncoder;
  readonly streamId: number;
  readonly dice: Dice;
}

function framesOfRequest({ method, path, fields, body }: SeedRequest, { encoder, streamId, dice }: Writing): Buffer[] {
  const pseudo = [
    [":method", method],
    [":scheme", "http"],
    [":path", path],
    [":authority", "localhost"],
  ] as const;
  const block = Buffer.from(encoder.encode([...pseudo, ...fields]));
  return [...headFrames(block, body.length === 0, { encoder, streamId, dice }), ...dataFrames(body, streamId, dice)];
}

function headFrames(block: Buffer, isWhole: boolean, { streamId, dice }: Writing): Buffer[] {
  const cut = dice.chance(0.15) ? dice.below(block.length) : block.length;
  const pad = dice.chance(0.1) ? dice.below(20) : undefined;
  const priority = dice.chance(0.1) ? Buffer.from([0, 0, 0, 0, 15]) : Buffer.alloc(0);
  const payload = Buffer.concat([
    pad === undefined ? Buffer.alloc(0) : Buffer.from([pad]),
    priority,
    block.subarray(0, cut),
    Buffer.alloc(pad ?? 0),
  ]);
  const flags =
    (isWhole ? endStream : 0) |
    (cut === block.length ? endHeaders : 0) |
    (pad === undefined ? 0 : padded) |
    (priority.length > 0 ? hasPriority : 0);
  const first = rawFrame(headers, flags, streamId, payload);
  // A piece, so that nothing comes between them.
  return cut === block.length ? [first] : [Buffer.concat([first, rawFrame(continuation, endHeaders, streamId, block.subarray(cut))])];
}

function dataFrames(body: Buffer, streamId: number, dice: Dice): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const most = Math.min(body.length - at, maxPayloadBytes);
    const size = dice.chance(0.6) ? most : 1 + dice.below(most);
    const isLast = at + size === body.length;
    frames.push(rawFrame(0, isLast ? endStream : 0, streamId, body.subarray(at, at + size)));
    at += size;
  }
  return frames;
}

function interleaved(streams: readonly Buffer[][], dice: Dice): Buffer[] {
  const frames: Buffer[] = [];
  // Heads go first and in order, as the encoder's table and the order of stream ids want it.
  for (const stream of streams) frames.push(...stream.splice(0, 1));
  for (let left = streams.filter((stream) => stream.length > 0); left.length > 0; left = left.filter((stream) => stream.length > 0)) {
    frames.push(...dice.pick(left).splice(0, 1));
    if (dice.chance(0.1)) frames.push(controlFrame(dice, streams.length * 2 - 1));
  }
  if (dice.chance(0.2)) frames.push(controlFrame(dice, streams.length * 2 - 1));
  return frames;
}

function controlFrame(dice: Dice, lastStreamId: number): Buffer {
  const streamId = 1 + 2 * dice.below((lastStreamId + 1) / 2);
  const word = Buffer.alloc(4);
  word.writeUInt32BE(1 + dice.below(65_535));
  switch (dice.below(6)) {
    case 0:
      return rawFrame(6, 0, 0, dice.bytes(8));
    case 1:
      return rawFrame(8, 0, dice.pick([0, streamId]), word);
    case 2:
      return rawFrame(4, 0, 0, Buffer.from([0, dice.pick([1, 3, 4, 6]), 0, 0, dice.below(256), dice.below(256)]));
    case 3:
      return rawFrame(2, 0, streamId, Buffer.from([0, 0, 0, 0, dice.below(256)]));
    case 4:
      return rawFrame(4, 1, 0);
    default:
      return rawFrame(3, 0, streamId, Buffer.from([0, 0, 0, 8]));
  }
}
