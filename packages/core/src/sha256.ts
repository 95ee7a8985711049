/**
 * SHA-256 (FIPS 180-4) of a few bytes without Node's crypto: names and checks of short texts are all that a serving process without keys and TLS
 * needs a digest for, and the module would take 2 MiB of it. Not for secrets: how long it takes is not the same for all bytes.
 */
import { nodeCrypto } from "./node-crypto.ts";

/** Beyond this many bytes the crypto module is loaded after all: here they would hold the thread for milliseconds. */
const smallBytes = 64 * 1024;
const blockBytes = 64;
/** A block is followed by 48 words that are made from it. */
const scheduleBytes = 256;
/** One bit set, and the length in bits as 64-bit number. */
const leastPaddingBytes = 9;

type State = readonly [number, number, number, number, number, number, number, number];

/** Section 5.3.3. */
const initialState: State = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

/** Section 4.2.2. */
const roundConstants = viewOf(
  Buffer.from(
    [
      "428a2f9871374491b5c0fbcfe9b5dba53956c25b59f111f1923f82a4ab1c5ed5d807aa9812835b01243185be550c7dc372be5d7480deb1fe9bdc06a7c19bf174",
      "e49b69c1efbe47860fc19dc6240ca1cc2de92c6f4a7484aa5cb0a9dc76f988da983e5152a831c66db00327c8bf597fc7c6e00bf3d5a7914706ca635114292967",
      "27b70a852e1b21384d2c6dfc53380d13650a7354766a0abb81c2c92e92722c85a2bfe8a1a81a664bc24b8b70c76c51a3d192e819d6990624f40e3585106aa070",
      "19a4c1161e376c082748774c34b0bcb5391c0cb34ed8aa4a5b9cca4f682e6ff3748f82ee78a5636f84c878148cc7020890befffaa4506cebbef9a3f7c67178f2",
    ].join(""),
    "hex",
  ),
);

/** SHA-256 of bytes, or of a text in UTF-8, as 64 lower-case hexadecimal digits. */
export function sha256(content: Uint8Array | string): string {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  if (bytes.length > smallBytes) return nodeCrypto().hash("sha256", bytes);
  const message = padded(bytes);
  const schedule = new Uint8Array(scheduleBytes);
  let state = initialState;
  for (let at = 0; at < message.length; at += blockBytes) {
    schedule.set(message.subarray(at, at + blockBytes));
    state = nextState(state, expanded(viewOf(schedule)));
  }
  return state.map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

/** Section 5.1.1. */
function padded(bytes: Uint8Array): Uint8Array {
  const blocks = Math.ceil((bytes.length + leastPaddingBytes) / blockBytes);
  const message = new Uint8Array(blocks * blockBytes);
  message.set(bytes);
  message[bytes.length] = 0x80;
  viewOf(message).setUint32(message.length - 4, bytes.length * 8);
  return message;
}

/** Section 6.2.2, step 1. */
function expanded(words: DataView): DataView {
  for (let at = blockBytes; at < scheduleBytes; at += 4) {
    const early = words.getInt32(at - 60);
    const late = words.getInt32(at - 8);
    const fromEarly = rotated(early, 7) ^ rotated(early, 18) ^ (early >>> 3);
    const fromLate = rotated(late, 17) ^ rotated(late, 19) ^ (late >>> 10);
    words.setInt32(at, words.getInt32(at - 64) + fromEarly + words.getInt32(at - 28) + fromLate);
  }
  return words;
}

/** Section 6.2.2, steps 2 to 4. */
function nextState(state: State, words: DataView): State {
  let [a, b, c, d, e, f, g, h] = state;
  for (let at = 0; at < scheduleBytes; at += 4) {
    const mixed = (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) + ((e & f) ^ (~e & g));
    const first = h + mixed + roundConstants.getInt32(at) + words.getInt32(at);
    const second = (rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + second) | 0;
  }
  const [a0, b0, c0, d0, e0, f0, g0, h0] = state;
  return [(a0 + a) | 0, (b0 + b) | 0, (c0 + c) | 0, (d0 + d) | 0, (e0 + e) | 0, (f0 + f) | 0, (g0 + g) | 0, (h0 + h) | 0];
}

function rotated(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
