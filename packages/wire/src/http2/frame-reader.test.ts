import fc from "fast-check";
import { expect, test } from "vitest";
import { type Frame, FrameReader } from "./frame-reader.ts";

interface Written {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: string;
}

function bytesOf(frames: readonly Written[]): Buffer {
  return Buffer.concat(
    frames.map(({ type, flags, streamId, payload }) => {
      const body = Buffer.from(payload, "latin1");
      const head = Buffer.alloc(9);
      head.writeUIntBE(body.length, 0, 3);
      head[3] = type;
      head[4] = flags;
      head.writeUInt32BE(streamId, 5);
      return Buffer.concat([head, body]);
    }),
  );
}

function read(chunks: readonly Buffer[]): readonly Written[] {
  const frames: Written[] = [];
  const reader = new FrameReader(({ type, flags, streamId, payload }: Frame) => {
    frames.push({ type, flags, streamId, payload: payload.toString("latin1") });
  });
  for (const chunk of chunks) reader.read(chunk);
  expect(reader.isInsideFrame).toBe(false);
  return frames;
}

const byte = fc.integer({ min: 0, max: 255 });
const frame: fc.Arbitrary<Written> = fc.record({
  type: byte,
  flags: byte,
  streamId: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  payload: fc.oneof(
    { weight: 9, arbitrary: fc.string({ unit: byte.map((code) => String.fromCharCode(code)), maxLength: 40 }) },
    { weight: 1, arbitrary: fc.constant("x".repeat(16_384)) },
  ),
});

test("the same bytes give the same frames, wherever they are cut", () => {
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 30 }), (frames, cuts) => {
      const bytes = bytesOf(frames);
      const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
      const chunks = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
      expect(read(chunks)).toEqual(frames);
    }),
  );
});

test("a frame one byte above the limit is refused before its payload arrives", () => {
  const head = Buffer.from("004001000000000001", "hex");
  expect(() => read([head])).toThrow("16385");
  expect(() => read([head.subarray(0, 4), head.subarray(4)])).toThrow("16385");
});
