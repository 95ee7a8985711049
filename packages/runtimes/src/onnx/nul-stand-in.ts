/**
 * NUL in strings. The binding hands strings to ONNX Runtime as C strings, so everything behind a NUL would be lost; results come back whole.
 * So a NUL travels through the graph as a noncharacter of Unicode (which no text is meant to hold) that this request does not use elsewhere, and
 * becomes NUL again on the way out. Graphs that pass, join or split strings keep NUL that way; one that compares against a constant with NUL does not match.
 */
import type { Tensor } from "@modelyard/codec";
import { failure } from "@modelyard/core";

/** A character that stands for NUL in one request. */
export interface StandIn {
  replace(text: string): string;
  restore(text: string): string;
}

// The last two code points of planes 16 to 1, and U+FDD0 to U+FDEF: noncharacters (Unicode 16, section 23.7).
const firstOfRange = 0xfdd0;
const noncharacters: readonly string[] = [
  ...Array.from({ length: 16 }, (_, index) => (16 - index) * 0x10000 + 0xffff),
  ...Array.from({ length: 16 }, (_, index) => (16 - index) * 0x10000 + 0xfffe),
  ...Array.from({ length: 32 }, (_, index) => firstOfRange + index),
].map((codePoint) => String.fromCodePoint(codePoint));

/** The stand-in for a request; `undefined` when none of its strings holds NUL. Throws `RUN_FAILED` when the request uses every noncharacter. */
export function chooseStandIn(inputs: readonly Tensor[]): StandIn | undefined {
  const elements = inputs.flatMap((input) => (input.datatype === "BYTES" ? input.elements : []));
  if (!elements.some((element) => element.includes(0))) return undefined;
  const free = noncharacters.find((character) => {
    const bytes = Buffer.from(character, "utf8");
    return !elements.some((element) => Buffer.from(element.buffer, element.byteOffset, element.byteLength).includes(bytes));
  });
  if (free === undefined)
    throw failure("RUN_FAILED", { why: "its strings hold NUL and all 64 noncharacters of Unicode that could stand for it" });
  return { replace: (text) => text.replaceAll("\0", free), restore: (text) => text.replaceAll(free, "\0") };
}
