/**
 * The Huffman code of HPACK (RFC 7541, appendix B). The code is canonical, so the lengths are the whole table: codes of equal length follow
 * each other in the order of their symbols. Decoding walks a state machine by half bytes, one table look-up each.
 */

const endOfString = 256;

/** Length of the code of each symbol 0 to 255 and of the end of string, in bits. */
const codeLengths: Uint8Array = Uint8Array.from(
  [
    [13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28],
    [6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10],
    [13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6],
    [15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28],
    [20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24],
    [22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23],
    [26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27],
    [20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26],
    [30],
  ].flat(),
);

const codes: Uint32Array = assignCodes();

function assignCodes(): Uint32Array {
  const assigned = new Uint32Array(codeLengths.length);
  let code = 0;
  for (let length = 1; length <= 30; length++) {
    code *= 2;
    for (let symbol = 0; symbol < codeLengths.length; symbol++) {
      if (codeLengths[symbol] === length) assigned[symbol] = code++;
    }
  }
  return assigned;
}

// A transition: next state in bits 0-7, symbol in bits 8-15, and these flags.
const emits = 1 << 16;
const fails = 1 << 17;
const machine: Int32Array = buildMachine();
const acceptingStates: Uint8Array = findAcceptingStates();

/** Children of the inner nodes of the code tree: `[left, right]`; a leaf is stored as `-1 - symbol`. */
function codeTree(): number[][] {
  const nodes: number[][] = [[0, 0]];
  for (let symbol = 0; symbol <= endOfString; symbol++) {
    const length = codeLengths[symbol] ?? 0;
    let node = 0;
    for (let bit = length - 1; bit >= 0; bit--) {
      const side = ((codes[symbol] ?? 0) >>> bit) & 1;
      const children = nodes[node] ?? [];
      if (bit === 0) children[side] = -1 - symbol;
      else if (children[side] === 0) children[side] = nodes.push([0, 0]) - 1;
      node = children[side] ?? 0;
    }
  }
  return nodes;
}

function buildMachine(): Int32Array {
  const nodes = codeTree();
  const table = new Int32Array(nodes.length * 16);
  for (let state = 0; state < nodes.length; state++) {
    for (let half = 0; half < 16; half++) table[state * 16 + half] = transition(nodes, state, half);
  }
  return table;
}

function transition(nodes: number[][], state: number, half: number): number {
  let node = state;
  let emitted = 0;
  for (let bit = 3; bit >= 0; bit--) {
    node = nodes[node]?.[(half >> bit) & 1] ?? 0;
    if (node >= 0) continue;
    const symbol = -1 - node;
    if (symbol === endOfString) return fails;
    emitted = emits | (symbol << 8);
    node = 0;
  }
  return node | emitted;
}

/** States in which a string may end: fewer than eight bits, all ones, since the last symbol (RFC 7541 §5.2). */
function findAcceptingStates(): Uint8Array {
  const nodes = codeTree();
  const accepting = new Uint8Array(nodes.length);
  let node = 0;
  for (let bits = 0; bits < 8; bits++) {
    accepting[node] = 1;
    node = nodes[node]?.[1] ?? 0;
  }
  return accepting;
}

/** Bytes the encoded form of `bytes` takes. */
export function huffmanLength(bytes: Uint8Array): number {
  let bits = 0;
  for (const byte of bytes) bits += codeLengths[byte] ?? 0;
  return (bits + 7) >> 3;
}

/** Appends the encoded form of `bytes` to `out` at `at`; returns the position after it. */
export function huffmanEncode(bytes: Uint8Array, out: Uint8Array, at: number): number {
  let position = at;
  // Up to 7 pending bits and a code of 30 need 37: the accumulator is kept in two parts, whole bytes leave as soon as they are complete.
  let pending = 0;
  let pendingBits = 0;
  for (const byte of bytes) {
    const code = codes[byte] ?? 0;
    let left = codeLengths[byte] ?? 0;
    while (left > 0) {
      const take = Math.min(left, 8 - pendingBits);
      left -= take;
      pending = (pending << take) | ((code >>> left) & ((1 << take) - 1));
      pendingBits += take;
      if (pendingBits < 8) continue;
      out[position++] = pending;
      pending = 0;
      pendingBits = 0;
    }
  }
  if (pendingBits > 0) out[position++] = (pending << (8 - pendingBits)) | (0xff >> pendingBits);
  return position;
}

/** Decodes; keeps its scratch memory between calls. */
export class HuffmanDecoder {
  #scratch = Buffer.allocUnsafe(256);

  /** The text of the encoded bytes from `start` to `end`, or `undefined` when they are not a valid encoding. */
  decode(bytes: Uint8Array, start: number, end: number): string | undefined {
    const longest = ((end - start) * 8) / 5 + 1;
    if (this.#scratch.length < longest) this.#scratch = Buffer.allocUnsafe(longest * 2);
    const scratch = this.#scratch;
    let length = 0;
    let state = 0;
    for (let at = start; at < end; at++) {
      const byte = bytes[at] ?? 0;
      const first = machine[state * 16 + (byte >> 4)] ?? fails;
      if (first & emits) scratch[length++] = (first >> 8) & 0xff;
      const second = machine[(first & 0xff) * 16 + (byte & 15)] ?? fails;
      if (second & emits) scratch[length++] = (second >> 8) & 0xff;
      if ((first | second) & fails) return undefined;
      state = second & 0xff;
    }
    return acceptingStates[state] === 1 ? scratch.toString("latin1", 0, length) : undefined;
  }
}
