/**
 * A picture as the input of a vision model: the stored pixel values as they are (0 to 255; 0 to 65,535 for 16 bits), neither scaled nor resized,
 * in the model's order of axes. Colour becomes grey by ITU-R BT.601 weights where the model takes one channel; grey is repeated where it takes three.
 */
import { failure } from "@modelyard/core";
import { convertIndexedToRgb, type DecodedPng, decode, hasPngSignature } from "fast-png";
import { matches } from "./fit-shape.ts";
import type { InputData } from "./input-data.ts";
import { describeTensor, type TensorMetadata } from "./model-metadata.ts";

/** Whether bytes are a PNG. */
export function isPng(bytes: Uint8Array): boolean {
  return hasPngSignature(bytes);
}

/** Reads a picture for an input. Throws `INPUT_MISMATCH` with both sizes, or `INPUT_INVALID`. */
export function readPng(bytes: Uint8Array, input: TensorMetadata, source: string): InputData {
  const picture = decodePicture(bytes, source);
  const layout = layoutsOf(picture).find((one) => matches(one.shape, input.shape));
  if (!layout) {
    const current = `a picture ${picture.width} wide and ${picture.height} high`;
    throw failure("INPUT_MISMATCH", { source, current, wanted: describeTensor(input) });
  }
  return { shape: layout.shape, elements: arrange(picture, layout) };
}

interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Interleaved, row-major. */
  readonly samples: ArrayLike<number>;
}

interface Layout {
  readonly shape: readonly number[];
  readonly channels: 1 | 3 | 4;
  readonly isPlanar: boolean;
}

function decodePicture(bytes: Uint8Array, source: string): Picture {
  try {
    const png = decode(bytes);
    if (png.palette)
      return { width: png.width, height: png.height, channels: png.palette[0]?.length ?? 3, samples: convertIndexedToRgb(png) };
    return { width: png.width, height: png.height, channels: png.channels, samples: samplesOf(png) };
  } catch (error) {
    throw failure(
      "INPUT_INVALID",
      { source, why: `it is a damaged PNG: ${error instanceof Error ? error.message : String(error)}` },
      { cause: error },
    );
  }
}

/** One sample an element: pictures of 1, 2 or 4 bits are packed, each row from a new byte, and are widened to 0 to 255. */
function samplesOf({ width, height, channels, depth, data }: DecodedPng): ArrayLike<number> {
  if (depth >= 8) return data;
  const rowBytes = Math.ceil((width * channels * depth) / 8);
  const perByte = 8 / depth;
  const highest = 2 ** depth - 1;
  return Uint8Array.from({ length: width * height * channels }, (_, index) => {
    const [row, column] = [Math.floor(index / (width * channels)), index % (width * channels)];
    const byte = data[row * rowBytes + Math.floor(column / perByte)] ?? 0;
    return (((byte >> (8 - depth * ((column % perByte) + 1))) & highest) * 255) / highest;
  });
}

/** Orders of axes in the order they are tried: the picture's own channels before others, channels first before last, flat at the end. */
function layoutsOf({ width, height, channels: own }: Picture): readonly Layout[] {
  const counts = own >= 3 ? ([3, 4, 1] as const) : ([1, 3, 4] as const);
  const withChannels = counts.flatMap((channels): Layout[] => {
    const planar = [channels, height, width];
    const interleaved = [height, width, channels];
    return [
      { shape: [1, ...planar], channels, isPlanar: true },
      { shape: [1, ...interleaved], channels, isPlanar: false },
      { shape: planar, channels, isPlanar: true },
      { shape: interleaved, channels, isPlanar: false },
    ];
  });
  const flat = [[height, width], [1, height * width], [height * width]];
  return [...withChannels, ...flat.map((shape): Layout => ({ shape, channels: 1, isPlanar: true }))];
}

function arrange(picture: Picture, { channels, isPlanar }: Layout): readonly number[] {
  const { width, height } = picture;
  const pixels = width * height;
  const elements: number[] = Array.from({ length: pixels * channels });
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let channel = 0; channel < channels; channel++) {
      const index = isPlanar ? channel * pixels + pixel : pixel * channels + channel;
      elements[index] = sampleOf(picture, pixel, { channel, channels });
    }
  }
  return elements;
}

function sampleOf(picture: Picture, pixel: number, wanted: { readonly channel: number; readonly channels: number }): number {
  const { channels, samples } = picture;
  const at = (channel: number): number => samples[pixel * channels + channel] ?? 0;
  const hasColour = channels >= 3;
  if (wanted.channels === 1) return hasColour ? Math.round(0.299 * at(0) + 0.587 * at(1) + 0.114 * at(2)) : at(0);
  if (wanted.channel === 3) return channels === 4 ? at(3) : channels === 2 ? at(1) : 255;
  return hasColour ? at(wanted.channel) : at(0);
}
