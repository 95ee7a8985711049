/**
 * FP16 (IEEE 754 binary16) and BF16 (the upper half of binary32) to numbers and back.
 *
 * Every 16-bit pattern has an exact number. A number is rounded once, from its full 64 bits, to the nearest value, ties to even; too large
 * becomes an infinity; every NaN becomes the quiet NaN of its format.
 */

interface HalfFormat {
  readonly mantissaBits: number;
  readonly bias: number;
  readonly infinity: number;
  readonly quietNan: number;
  readonly smallestNormal: number;
  /** 1 / the smallest subnormal. */
  readonly subnormalScale: number;
}

const fp16: HalfFormat = {
  mantissaBits: 10,
  bias: 15,
  infinity: 0x7c00,
  quietNan: 0x7e00,
  smallestNormal: 2 ** -14,
  subnormalScale: 2 ** 24,
};

const bf16: HalfFormat = {
  mantissaBits: 7,
  bias: 127,
  infinity: 0x7f80,
  quietNan: 0x7fc0,
  smallestNormal: 2 ** -126,
  subnormalScale: 2 ** 133,
};

/** The number an FP16 bit pattern stands for. */
export function fp16ToNumber(bits: number): number {
  return decode(bits, fp16);
}

/** The FP16 bit pattern nearest to a number. */
export function numberToFp16(value: number): number {
  return encode(value, fp16);
}

/** The number a BF16 bit pattern stands for. */
export function bf16ToNumber(bits: number): number {
  return decode(bits, bf16);
}

/** The BF16 bit pattern nearest to a number. */
export function numberToBf16(value: number): number {
  return encode(value, bf16);
}

/** FP16 elements, little-endian, as numbers; FP32 holds each exactly. */
export function fp16BytesToFloats(bytes: Uint8Array): Float32Array {
  return decodeAll(bytes, fp16);
}

/** Numbers as FP16 elements, little-endian. */
export function floatsToFp16Bytes(values: ArrayLike<number>): Uint8Array {
  return encodeAll(values, fp16);
}

/** BF16 elements, little-endian, as numbers; FP32 holds each exactly. */
export function bf16BytesToFloats(bytes: Uint8Array): Float32Array {
  return decodeAll(bytes, bf16);
}

/** Numbers as BF16 elements, little-endian. */
export function floatsToBf16Bytes(values: ArrayLike<number>): Uint8Array {
  return encodeAll(values, bf16);
}

function decode(bits: number, format: HalfFormat): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const magnitude = bits & 0x7fff;
  if (magnitude >= format.infinity) return magnitude > format.infinity ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  const fraction = magnitude & ((1 << format.mantissaBits) - 1);
  const exponent = magnitude >>> format.mantissaBits;
  if (exponent === 0) return (sign * fraction) / format.subnormalScale;
  return sign * (1 + fraction / (1 << format.mantissaBits)) * 2 ** (exponent - format.bias);
}

function encode(value: number, format: HalfFormat): number {
  if (Number.isNaN(value)) return format.quietNan;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  // Multiplying by a power of two is exact, so each rounding below is the only one; its carry runs into the exponent as it should.
  if (magnitude < format.smallestNormal) return sign | roundToEven(magnitude * format.subnormalScale);
  const exponent = exponentOf(magnitude);
  if (exponent > format.bias) return sign | format.infinity;
  const fraction = roundToEven((magnitude * 2 ** -exponent - 1) * (1 << format.mantissaBits));
  return sign | (((exponent + format.bias) << format.mantissaBits) + fraction);
}

/** Largest e with 2^e <= magnitude, for magnitudes from 2^-126; beyond 2^128 any e > 127. */
function exponentOf(magnitude: number): number {
  let exponent = -126;
  let rest = magnitude * 2 ** 126;
  for (let step = 128; step >= 1; step /= 2) {
    if (rest >= 2 ** step) {
      rest *= 2 ** -step;
      exponent += step;
    }
  }
  return exponent;
}

function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest < 0.5) return below;
  return rest > 0.5 || below % 2 === 1 ? below + 1 : below;
}

function decodeAll(bytes: Uint8Array, format: HalfFormat): Float32Array {
  const values = new Float32Array(bytes.length >>> 1);
  for (let index = 0; index < values.length; index++) {
    values[index] = decode((bytes[2 * index] ?? 0) | ((bytes[2 * index + 1] ?? 0) << 8), format);
  }
  return values;
}

function encodeAll(values: ArrayLike<number>, format: HalfFormat): Uint8Array {
  const bytes = new Uint8Array(values.length * 2);
  for (let index = 0; index < values.length; index++) {
    const bits = encode(values[index] ?? 0, format);
    bytes[2 * index] = bits & 0xff;
    bytes[2 * index + 1] = bits >>> 8;
  }
  return bytes;
}
